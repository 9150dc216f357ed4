import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { HttpHandler } from "@metacircular/mcdsl/rest/gateway.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Authenticator, Grants } from "../access/access.ts";
import type { Audit } from "../audit/audit.ts";
import type { RegistryMetrics } from "../metrics/registry-metrics.ts";
import type { Registry } from "../registry/registry.ts";
import type { Answer } from "./answer.ts";
import { requireName } from "./checked.ts";
import { type Endpoint, endpointsOf, scopesOf } from "./endpoints.ts";
import { loginNeeded, methodNotAllowed, noSuchEndpoint } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { failureAnswer } from "./failure.ts";
import { createAnswerBound } from "./outgoing.ts";
import { newServed, report, type Served } from "./report.ts";
import { createManifestReader } from "./request-body.ts";
import { parseTarget, type Route, type Target } from "./route.ts";
import { sendAnswer } from "./send.ts";

export interface DistributionOptions {
  readonly registry: Registry;
  readonly authenticator: Authenticator;
  readonly audit: Audit;
  readonly metrics: RegistryMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  /** How long a client may neither send nor take anything in the middle of a transfer. Default 60 s. */
  readonly idleTimeoutMs?: number;
}

const defaultIdleTimeoutMs = 60_000;
/** The specification's least, and what all registries have. */
const maxManifestBytes = 4 * 1024 * 1024;
/** Of all manifests that are being received. */
const maxManifestBytesAtOnce = 64 * 1024 * 1024;
/** Of all manifests and lists that are being sent. */
const maxAnswerBytesAtOnce = 64 * 1024 * 1024;

/** Whether the handler answers the request, and therefore also says whether its body is welcome. */
export function isDistributionRequest({ url = "" }: IncomingMessage): boolean {
  return parseTarget(url) !== undefined;
}

/** Serves the API of the OCI distribution specification 1.1, all of it, below `/v2/`. Needs a server without a limit to
 * the time of a request: silence is limited here. */
export function createDistributionHandler(options: DistributionOptions): HttpHandler {
  const { idleTimeoutMs = defaultIdleTimeoutMs } = options;
  const readManifest = createManifestReader({
    maxBytes: maxManifestBytes,
    maxBytesAtOnce: maxManifestBytesAtOnce,
  });
  const holdAnswer = createAnswerBound(maxAnswerBytesAtOnce);
  return async (request, response) => {
    const target = parseTarget(request.url ?? "");
    if (target === undefined) return false;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    // A client that goes away while its body is read is met with by whoever reads; nobody else has to hear of it.
    request.on("error", () => undefined);
    // Silence is limited where a client is waited for, not while the registry works.
    request.socket.setTimeout(0);
    const served = newServed(options.clock.now());
    const context = {
      ...options,
      request,
      response,
      target,
      signal: gone.signal,
      served,
      readManifest,
      idleTimeoutMs,
    };
    let answer: Answer;
    try {
      answer = await serve(context);
      holdAnswer(response, answer);
    } catch (thrown) {
      served.failure = thrown;
      answer = failed(thrown, context);
    }
    try {
      if (!response.destroyed) served.sentBytes = await sendAnswer(request, response, answer, idleTimeoutMs);
    } catch (thrown) {
      served.failure ??= thrown;
      served.brokeOff = !gone.signal.aborted;
      response.destroy();
    }
    report(request, response, target.route, served, options);
    return true;
  };
}

interface Context extends DistributionOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  readonly signal: AbortSignal;
  readonly served: Served;
  readonly readManifest: Exchange["readManifest"];
  readonly idleTimeoutMs: number;
}

/** Who it is comes before everything that could tell what is there. */
async function serve(context: Context): Promise<Answer> {
  const { request, target, authenticator, served, signal } = context;
  const { route, query } = target;
  const { method = "" } = request;
  if (route === undefined) throw noSuchEndpoint(request.url ?? "");
  const methods = endpointsOf(route);
  const endpoint = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (endpoint === undefined) {
    const allowed = Object.keys(methods);
    return failureAnswer(methodNotAllowed(method, allowed), { allow: allowed.join(", ") });
  }
  served.endpoint = endpoint;
  if ("repository" in route) requireName(route.repository);
  const grants = await authenticator.authenticate(request.headers.authorization, signal);
  served.caller = grants.caller;
  admit(route, endpoint, grants, context);
  return endpoint.serve(route, {
    ...context,
    query,
    grants,
    note: (known) => void (served.note = { ...served.note, ...known }),
    received: (bytes) => void (served.receivedBytes += bytes),
  });
}

/** @throws DetailedError UNAUTHORIZED, DENIED */
function admit(route: Route, { needs }: Endpoint, grants: Grants, { authenticator }: Context): void {
  if (needs === "login") {
    if (grants.caller.kind === "anonymous" && !authenticator.open) throw loginNeeded();
  } else if (needs === "catalog") grants.requireCatalog();
  else if ("repository" in route) grants.require(needs, route.repository);
}

/** To whom is not known yet a challenge says where to log in, and for what. */
function failed(thrown: unknown, { request, target, authenticator, served }: Context): Answer {
  const isUnknown = thrown instanceof DetailedError && thrown.category === "unauthenticated";
  if (!isUnknown || target.route === undefined || served.endpoint === undefined) return failureAnswer(thrown);
  const scopes = scopesOf(target.route, served.endpoint, target.query);
  const reason = thrown.code === "UNAUTHORIZED" ? "insufficient_scope" : "invalid_token";
  const error = request.headers.authorization === undefined ? undefined : reason;
  return failureAnswer(thrown, { "www-authenticate": authenticator.challenge(scopes, error) });
}
