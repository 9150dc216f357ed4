import {
  type Authorization,
  authorizationStatus,
  type ChallengeType,
  challengeTypes,
  withAttempt,
} from "../authorization.ts";
import { actorOf } from "../context.ts";
import { AcmeProblem } from "../problem.ts";
import { check } from "../rate-limit.ts";
import { failureLimit } from "../validate-challenge.ts";
import { addValidation } from "../work.ts";
import type { AcmeAnswer } from "./answer.ts";
import { type AcmeCall, callerOf } from "./call.ts";
import { ownAuthorization } from "./own.ts";
import { authorizationShape, challengeShape } from "./shapes.ts";

const retryAfterS = "1";

/** Shows an authorisation, or deactivates it (RFC 8555, sections 7.5 and 7.5.2). */
export async function authorization(call: AcmeCall, [id = ""]: readonly string[]): Promise<AcmeAnswer> {
  const found = ownAuthorization(call, id);
  if (call.payload === undefined) return answer(call, found);
  if (call.payload["status"] !== "deactivated") {
    throw new AcmeProblem("malformed", "the only status to ask for is deactivated");
  }
  const { store, ports, mount, nowMs } = call.context;
  const status = authorizationStatus(found, nowMs);
  if (status !== "pending" && status !== "valid" && status !== "deactivated") {
    throw new AcmeProblem("malformed", `the authorization is ${status} already`);
  }
  const deactivated: Authorization = { ...found, stage: "deactivated" };
  ports.audit.change(
    {
      actor: actorOf(callerOf(call)),
      operation: "acme/deactivate-authorization",
      mount: mount.name,
      subject: found.identifier.value,
    },
    () => {
      store.authorizations.put(id, deactivated);
      store.work.delete(`validate.${id}`);
    },
  );
  return answer(call, deactivated);
}

function answer({ context }: AcmeCall, found: Authorization): AcmeAnswer {
  const waits = found.challenges.some(({ status }) => status === "processing");
  return {
    status: 200,
    body: authorizationShape(found, context.urls, context.nowMs),
    ...(waits ? { headers: { "retry-after": retryAfterS } } : {}),
  };
}

/** Shows a challenge; with a payload, `{}`, the client says it is ready to be validated (section 7.5.1). */
export async function challenge(
  call: AcmeCall,
  [id = "", type = ""]: readonly string[],
): Promise<AcmeAnswer> {
  const found = ownAuthorization(call, id);
  const chosen = found.challenges.find((each) => each.type === type);
  if (!isChallengeType(type) || chosen === undefined) {
    throw new AcmeProblem("malformed", "there is no such challenge", { status: 404 });
  }
  const { urls, store } = call.context;
  if (call.payload !== undefined && chosen.status === "pending") begin(call, found, type);
  const now = store.authorizations.get(id)?.challenges.find((each) => each.type === type) ?? chosen;
  return {
    status: 200,
    body: challengeShape(id, now, urls),
    headers: now.status === "processing" ? { "retry-after": retryAfterS } : {},
    links: [{ relation: "up", target: urls.authorization(id) }],
  };
}

function begin(call: AcmeCall, found: Authorization, type: ChallengeType): void {
  const { store, settings, worker, mount, nowMs } = call.context;
  const status = authorizationStatus(found, nowMs);
  if (status !== "pending") throw new AcmeProblem("malformed", `the authorization is ${status}`);
  // One at a time: the outcome of one decides the whole authorisation.
  if (found.challenges.some((each) => each.status === "processing")) {
    throw new AcmeProblem("malformed", "another challenge of the authorization is being validated");
  }
  check(store, failureLimit(settings, found.accountId, found), nowMs);
  store.transaction(() => {
    store.authorizations.put(found.id, withAttempt(found, type));
    addValidation(store, found.id, type);
  });
  void worker.run(mount, { kind: "validate", id: found.id, type });
}

function isChallengeType(text: string): text is ChallengeType {
  return (challengeTypes as readonly string[]).includes(text);
}
