import type { AcmeAccount } from "./account.ts";
import { type Authorization, type ChallengeType, withAttempt, withOutcome } from "./authorization.ts";
import type { AcmeConfig, MayConnect } from "./config.ts";
import type { AcmeMount, AcmePorts } from "./ports.ts";
import { AcmeProblem } from "./problem.ts";
import { consume, type HourlyLimit } from "./rate-limit.ts";
import type { AcmeSettings } from "./settings.ts";
import type { AcmeStore } from "./store/acme-store.ts";
import { validateDns01 } from "./validation/dns-01.ts";
import { validateHttp01 } from "./validation/http-01.ts";
import type { Names } from "./validation/names.ts";
import { keyAuthorization, type Proof, type ValidationParts } from "./validation/proof.ts";
import { validateTlsAlpn01 } from "./validation/tls-alpn-01.ts";
import { identifierKey } from "./identifier.ts";

const validators: Readonly<Record<ChallengeType, (proof: Proof, parts: ValidationParts) => Promise<void>>> = {
  "http-01": validateHttp01,
  "dns-01": validateDns01,
  "tls-alpn-01": validateTlsAlpn01,
};

export interface ChallengeParts {
  readonly ports: AcmePorts;
  readonly config: AcmeConfig;
  readonly names: Names;
  readonly mayConnect: MayConnect;
}

/** Tries a challenge until it is valid or has failed as often as is configured (RFC 8555, section 8.2), and writes
 * down what became of it. */
export async function validateChallenge(
  parts: ChallengeParts,
  mount: AcmeMount,
  store: AcmeStore,
  work: { readonly id: string; readonly type: ChallengeType },
  signal: AbortSignal,
): Promise<void> {
  const { config, ports } = parts;
  for (let attempt = 1; ; attempt++) {
    const proof = proofOf(store, work, ports.clock.now());
    if (proof === undefined) return void store.work.delete(`validate.${work.id}`);
    const problem = await tryOnce(parts, work.type, proof, signal);
    signal.throwIfAborted();
    if (problem === undefined || attempt >= config.validation_attempts) {
      return settle(parts, mount, store, work, problem);
    }
    noteAttempt(store, work, problem);
    await ports.clock.sleep(config.validation_pause * 2 ** (attempt - 1), signal);
  }
}

/** Undefined: there is nothing to validate any more. */
function proofOf(
  store: AcmeStore,
  work: { readonly id: string; readonly type: ChallengeType },
  nowMs: number,
): Proof | undefined {
  const authorization = store.authorizations.get(work.id);
  if (authorization?.stage !== "pending" || authorization.expiresAtMs <= nowMs) return undefined;
  const account = store.accounts.get(authorization.accountId);
  const challenge = authorization.challenges.find(({ type }) => type === work.type);
  if (account?.status !== "valid" || challenge?.status !== "processing") return undefined;
  return {
    identifier: authorization.identifier,
    token: challenge.token,
    keyAuthorization: keyAuthorization(challenge.token, account.thumbprint),
  };
}

async function tryOnce(
  { config, names, mayConnect }: ChallengeParts,
  type: ChallengeType,
  proof: Proof,
  signal: AbortSignal,
): Promise<AcmeProblem | undefined> {
  const timeout = AbortSignal.timeout(config.validation_timeout);
  const either = AbortSignal.any([signal, timeout]);
  try {
    await validators[type](proof, { config, names, mayConnect, signal: either });
    return undefined;
  } catch (thrown) {
    if (thrown instanceof AcmeProblem) return thrown;
    if (!timeout.aborted) throw thrown;
    const seconds = config.validation_timeout / 1_000;
    const detail = `no answer for ${proof.identifier.value} within ${seconds} s`;
    return new AcmeProblem("connection", detail, { cause: thrown });
  }
}

function noteAttempt(
  store: AcmeStore,
  work: { readonly id: string; readonly type: ChallengeType },
  problem: AcmeProblem,
): void {
  store.transaction(() => {
    const current = store.authorizations.get(work.id);
    if (current?.stage === "pending") {
      store.authorizations.put(work.id, withAttempt(current, work.type, problem.document));
    }
  });
}

function settle(
  { ports }: ChallengeParts,
  mount: AcmeMount,
  store: AcmeStore,
  work: { readonly id: string; readonly type: ChallengeType },
  problem: AcmeProblem | undefined,
): void {
  const authorization = store.authorizations.get(work.id);
  if (authorization === undefined) return;
  const entry = {
    actor: `acme:${authorization.accountId}`,
    operation: "acme/validate",
    mount: mount.name,
    subject: authorization.identifier.value,
    outcome: problem === undefined ? ("done" as const) : ("refused" as const),
    facts: { type: work.type, ...(problem === undefined ? {} : { problem: problem.type }) },
  };
  ports.audit.change(entry, () => {
    store.work.delete(`validate.${work.id}`);
    // It may have been deactivated meanwhile.
    if (store.authorizations.get(work.id)?.stage !== "pending") return;
    const settings = store.settings();
    const nowMs = ports.clock.now();
    const lifetimeS = Math.max(settings.authorizationReuseSeconds, settings.orderLifetimeSeconds);
    const success = { validatedAtMs: nowMs, expiresAtMs: nowMs + lifetimeS * 1_000 };
    const settled = withOutcome(authorization, work.type, problem?.document ?? success);
    store.authorizations.put(work.id, settled);
    if (problem === undefined) store.rememberValidated(settled);
    else countFailure(store, settings, settled, nowMs);
  });
}

function countFailure(store: AcmeStore, settings: AcmeSettings, failed: Authorization, nowMs: number): void {
  try {
    consume(store, failureLimit(settings, failed.accountId, failed), nowMs);
  } catch (thrown) {
    // Beyond the limit nothing more is counted; new orders are what is refused.
    if (!(thrown instanceof AcmeProblem)) throw thrown;
  }
}

/** Of failed validations for one identifier. */
export function failureLimit(
  settings: AcmeSettings,
  accountId: AcmeAccount["id"],
  { identifier }: Pick<Authorization, "identifier">,
): HourlyLimit {
  return {
    kind: "failures",
    key: `${accountId} ${identifierKey(identifier)}`,
    perHour: settings.failuresPerIdentifierHour,
    what: `failed validations of ${identifier.value}`,
  };
}
