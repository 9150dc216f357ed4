import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { cutAfter } from "@metacircular/mcdsl/http/https-server.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { HttpHandler } from "@metacircular/mcdsl/rest/gateway.ts";
import { anybody } from "../access/authenticator.ts";
import type { Action, Caller } from "../access/access.ts";
import type { Audit } from "../audit/audit.ts";
import { claimedName, RefusedLogins } from "../audit/refused-logins.ts";
import { judgeAccess } from "../policy/judge-access.ts";
import type { RuleBook } from "../policy/rule-book.ts";
import type { FindCaller } from "./callers.ts";
import type { Credentials } from "./credentials.ts";
import { type RegistryTokens, TOKEN_LIFETIME_MS, type TokenAccess } from "./registry-tokens.ts";
import { requestedAccess } from "./scope.ts";
import { sendToken, sendTokenRefusal } from "./token-answer.ts";
import { invalid, readTokenRequest } from "./token-request.ts";

export const TOKEN_PATH = "/v2/token";

const REQUEST_TIMEOUT_MS = 30_000;

export interface TokenHandlerOptions {
  readonly rules: { book(): RuleBook };
  readonly tokens: RegistryTokens;
  readonly findCaller: FindCaller;
  /** The name of the registry in the token flow. */
  readonly service: string;
  readonly audit: Audit;
  readonly logger: Logger;
  readonly clock: Pick<Clock, "now">;
  /** Until the last byte of a request must be there. Default 30 s. */
  readonly requestTimeoutMs?: number;
}

/** Gives out tokens by Docker's token authentication specification: for what was asked for, as far as the rules allow it
 * to the account; without credentials, to anybody. */
export function createTokenHandler(options: TokenHandlerOptions): HttpHandler {
  const { service, audit, logger, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const refused = new RefusedLogins(options);
  return async (request, response) => {
    if ((request.url ?? "").split("?", 1)[0] !== TOKEN_PATH) return false;
    if (request.method !== "GET" && request.method !== "POST") {
      response.writeHead(405, { allow: "GET, POST" }).end();
      request.resume();
      return true;
    }
    const address = request.socket.remoteAddress ?? "unknown";
    const about = { action: "issue-token", address, repository: "", reference: "", digest: "" } as const;
    let claimed: Credentials = { kind: "none" };
    cutAfter(request, requestTimeoutMs);
    try {
      const asked = await readTokenRequest(request);
      claimed = asked.credentials;
      const { caller, granted } = await answer(options, asked, { request, response, address });
      if (caller.kind !== "anonymous") audit.record({ ...about, outcome: "ok", caller, detail: granted });
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (!response.headersSent && !response.destroyed) sendTokenRefusal(response, failure, service);
      // Who hangs up is no failure of ours.
      const isGone = response.destroyed || (request.destroyed && !request.complete);
      if (isOurs(failure) && !isGone) logger.error({ error: thrown }, "no token could be given");
      const outcome = isOurs(failure) ? "failed" : "denied";
      refused.record({ ...about, outcome, caller: claimedCaller(claimed), detail: failure.code });
    } finally {
      // Who still sends a refused body must be seen to hang up.
      request.resume();
    }
    return true;
  };
}

async function answer(
  { rules, tokens, findCaller, service, clock }: TokenHandlerOptions,
  asked: Awaited<ReturnType<typeof readTokenRequest>>,
  exchange: { request: IncomingMessage; response: ServerResponse; address: string },
): Promise<{ caller: Caller; granted: string }> {
  if (asked.service !== undefined && asked.service !== service)
    throw invalid(`its service is not ${service}`);
  const closed = new AbortController();
  exchange.response.once("close", () => closed.abort());
  const caller = await findCaller(asked.credentials, exchange.address, closed.signal);
  const access = allowedAccess(rules.book(), caller, requestedAccess(asked.scopes));
  const issuedAtMs = clock.now();
  const token = await tokens.sign({ caller, access }, issuedAtMs + TOKEN_LIFETIME_MS);
  sendToken(exchange.response, { token, expiresInSeconds: TOKEN_LIFETIME_MS / 1000, issuedAtMs });
  return { caller, granted: describe(access) };
}

/** What was asked for and the rules allow. */
function allowedAccess({ access: rules }: RuleBook, caller: Caller, asked: TokenAccess): TokenAccess {
  const allowed = (repository: string, actions: ReadonlySet<Action>): Set<Action> =>
    new Set([...actions].filter((action) => judgeAccess(rules, caller, action, repository).allowed));
  const repositories = [...asked.repositories]
    .map(([repository, actions]) => [repository, allowed(repository, actions)] as const)
    .filter(([, actions]) => actions.size > 0);
  return { catalog: asked.catalog, repositories: new Map(repositories) };
}

function describe({ catalog, repositories }: TokenAccess): string {
  const scopes = [...repositories].map(([name, actions]) => `${name}:${[...actions].join(",")}`);
  return [...scopes, ...(catalog ? ["catalog"] : [])].join(" ");
}

/** Whom a refused request claimed to be. */
function claimedCaller(credentials: Credentials): Pick<Caller, "kind" | "name"> {
  const name = credentials.kind === "password" ? claimedName(credentials.username) : "";
  return name === "" ? anybody : { kind: "human", name };
}

function failureOf(thrown: unknown): DetailedError {
  if (thrown instanceof DetailedError) return thrown;
  return new DetailedError({
    code: "INTERNAL",
    attempted: "give a token",
    found: "something that was not foreseen; the log of the registry says what",
    remedy: "try again, and report it",
    cause: thrown,
  });
}

/** Nothing that the client did. */
function isOurs({ category }: DetailedError): boolean {
  return ["unavailable", "internal", "deadline-exceeded", "aborted"].includes(category);
}
