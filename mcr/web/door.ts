import type { IncomingMessage, ServerResponse } from "node:http";
import type { TokenVerifier } from "@metacircular/mcdsl/auth/identity.ts";
import type { LoginService } from "@metacircular/mcdsl/auth/login-service.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { readForm } from "@metacircular/mcdsl/web/form.ts";
import { FormGuard } from "@metacircular/mcdsl/web/form-guard.ts";
import { requireOwnForm } from "@metacircular/mcdsl/web/form-token.ts";
import { localPath } from "@metacircular/mcdsl/web/local-path.ts";
import { type LoggedIn, Logins } from "@metacircular/mcdsl/web/logins.ts";
import { isSameOrigin } from "@metacircular/mcdsl/web/same-origin.ts";
import type { Audit } from "../audit/audit.ts";
import { claimedName, RefusedLogins } from "../audit/refused-logins.ts";
import type { LoginLimit } from "../token/login-limit.ts";
import { loginPage } from "./pages/login.ts";
import type { Outcome } from "./visit.ts";

export interface DoorOptions {
  readonly identity: LoginService;
  readonly verifier: TokenVerifier;
  /** Shared with the token endpoint. */
  readonly loginLimit: LoginLimit;
  /** The token of the registry's own system account. */
  readonly ownToken: () => Promise<string>;
  /** What logins are for, as MCIAS records it. */
  readonly serviceName: string;
  readonly audit: Audit;
  readonly clock: Clock;
}

interface Caller {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly signal: AbortSignal;
}

/** Where people come in and go out. */
export interface Door {
  /** Who is in; undefined: nobody. @throws DetailedError IDENTITY_UNAVAILABLE */
  who(request: IncomingMessage, signal: AbortSignal): Promise<LoggedIn | undefined>;
  /** Shows the form or takes it. */
  login(caller: Caller, loggedIn: LoggedIn | undefined): Promise<Outcome>;
  /** @throws DetailedError FORM_REFUSED */
  logout(caller: Caller, loggedIn: LoggedIn): Promise<Outcome>;
}

export function createDoor(options: DoorOptions): Door {
  const { identity: service, loginLimit } = options;
  const guard = new FormGuard("__Host-mcr-form");
  const logins = new Logins({ ...options, service });
  const refused = new RefusedLogins(options);

  function recordRefusal(username: string, address: string, { category, code }: DetailedError): void {
    const outcome = category === "unavailable" ? "failed" : "denied";
    record(refused, { kind: "human", name: claimedName(username) }, address, outcome, code);
  }

  function form(
    caller: Caller,
    shown: { to: string; username?: string; problem?: string; status?: number },
  ): Outcome {
    const { mark, setCookie } = guard.markOf(caller.request);
    if (setCookie !== undefined) caller.response.setHeader("set-cookie", setCookie);
    const { to, username = "", problem, status = 200 } = shown;
    const formToken = guard.tokenFor(mark, "login");
    return { title: "Log in", status, content: loginPage({ formToken, to, username, problem }) };
  }

  async function take(caller: Caller): Promise<Outcome> {
    const { request, response, signal } = caller;
    const fields = await readForm(request);
    const to = localPath(fields.get("to"));
    const username = fields.get("username")?.trim() ?? "";
    if (!isSameOrigin(request) || !guard.accepts(request, "login", fields.get("form_token") ?? "")) {
      const problem = "This form was too old. Please try again; your browser must accept cookies.";
      return form(caller, { to, username, problem, status: 403 });
    }
    const clientAddress = request.socket.remoteAddress ?? "unknown";
    const who = { username, password: fields.get("password") ?? "", clientAddress };
    try {
      const { name, kind } = await loginLimit.attempt(clientAddress, () =>
        logins.login(request, response, who, signal),
      );
      record(options.audit, { kind, name }, clientAddress, "ok", "");
      return { redirect: to };
    } catch (thrown) {
      if (!(thrown instanceof DetailedError) || thrown.category === "cancelled") throw thrown;
      recordRefusal(username, clientAddress, thrown);
      const { problem, status } = refusalOf(thrown);
      const retryAfter = thrown.facts["retryAfterSeconds"];
      if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
      return form(caller, { to, username, problem, status });
    }
  }

  return {
    who: (request, signal) => logins.current(request, signal),
    async login(caller, loggedIn) {
      if (caller.request.method === "POST") return take(caller);
      const to = localPath(caller.url.searchParams.get("to"));
      return loggedIn === undefined ? form(caller, { to }) : { redirect: to };
    },
    async logout(caller, { session, identity }) {
      const { request, response, signal } = caller;
      if (request.method !== "POST") return { redirect: "/" };
      requireOwnForm(request, session, await readForm(request));
      const isRevoked = await logins.logout(request, response, signal);
      options.audit.record({
        ...aboutLogin({ kind: identity.kind, name: identity.name }, request.socket.remoteAddress ?? ""),
        outcome: "ok",
        detail: isRevoked ? "logout" : "logout, not revoked",
      });
      return { redirect: "/login" };
    },
  };
}

/** What the form says; it does not tell which of name and password was wrong. */
function refusalOf(error: DetailedError): { problem: string; status: number } {
  const seconds = error.facts["retryAfterSeconds"];
  switch (error.code) {
    case "LOGIN_REFUSED":
      return { problem: "The user name or the password is wrong, or the account is disabled.", status: 400 };
    case "ACCOUNT_LOCKED":
    case "TOO_MANY_ATTEMPTS":
      return { problem: `Too many failed attempts. Try again in ${seconds} seconds.`, status: 429 };
    case "LOGIN_NOT_ALLOWED":
      return { problem: "Guests have no access here. Ask an administrator for a role.", status: 403 };
    case "LOGINS_TOO_MANY":
      return { problem: "Too many people log in at this moment. Try again.", status: 503 };
    default:
      return {
        problem:
          "The identity service (MCIAS) cannot be reached, so nobody can log in now. Try again in a while.",
        status: 503,
      };
  }
}

function aboutLogin(caller: { kind: "human" | "system"; name: string }, address: string) {
  return { action: "login", caller, address, repository: "", reference: "", digest: "" } as const;
}

function record(
  audit: Audit,
  caller: { kind: "human" | "system"; name: string },
  address: string,
  outcome: "ok" | "denied" | "failed",
  detail: string,
): void {
  audit.record({ ...aboutLogin(caller, address), outcome, detail });
}
