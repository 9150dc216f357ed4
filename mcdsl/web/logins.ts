import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity, TokenVerifier } from "../auth/identity.ts";
import type { LoginService, Tokens } from "../auth/login-service.ts";
import type { Clock } from "../clock.ts";
import { DetailedError } from "../errors.ts";
import { cookieHeader, cookieOf, forgetCookieHeader } from "./cookies.ts";
import { type Session, type SessionLimits, Sessions } from "./sessions.ts";

export interface LoginsOptions {
  readonly service: LoginService;
  /** Asked at every request; it remembers answers for 30 s, so a revoked account is out after that. */
  readonly verifier: TokenVerifier;
  /** What people log in to, e.g. `mcr`; for the audit log and the login policy of the identity service. */
  readonly serviceName: string;
  /** The token of this service itself: the identity service believes it where a login comes from. */
  readonly ownToken: () => Promise<string>;
  readonly clock: Pick<Clock, "now">;
  readonly limits?: SessionLimits;
}

interface Login {
  identity: Identity;
  tokens: Tokens;
  refreshing: Promise<void> | undefined;
  ended: boolean;
}

/** Who uses a browser. */
export interface LoggedIn {
  readonly identity: Identity;
  readonly session: Session<unknown>;
}

/** Access tokens are renewed so long before they end. */
const renewBeforeMs = 60_000;

/** People who are logged in with their browser. Their tokens stay in memory and never reach the browser. */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #cookie: `__Host-${string}`;
  readonly #sessions: Sessions<Login>;

  constructor(options: LoginsOptions) {
    this.#options = options;
    this.#cookie = `__Host-${options.serviceName}-session`;
    this.#sessions = new Sessions(options.clock, options.limits);
  }

  /** Begins a session with a new id, whatever the browser had before, and sets its cookie. The cookie is sent where
   * somebody follows a link from elsewhere (Lax): what a link can do is only to show something.
   * @throws DetailedError those of `LoginService.login`, and LOGIN_NOT_ALLOWED for guests */
  async login(
    request: IncomingMessage,
    response: ServerResponse,
    who: { username: string; password: string; clientAddress: string },
    signal: AbortSignal,
  ): Promise<Identity> {
    const { service, verifier, serviceName, ownToken } = this.#options;
    const { clientAddress: address, username, password } = who;
    const onBehalfOf = { address, actorToken: await ownToken() };
    const tokens = await service.login({ username, password, serviceName, onBehalfOf, signal });
    const identity = await verifier.verify(tokens.accessToken, signal);
    if (isGuest(identity)) {
      await service.revoke(tokens.refreshToken ?? tokens.accessToken).catch(() => undefined);
      throw notAllowed(identity);
    }
    this.#end(request);
    const login: Login = { identity, tokens, refreshing: undefined, ended: false };
    const id = this.#sessions.begin(identity.subject, login);
    response.setHeader("set-cookie", cookieHeader(this.#cookie, id, "Lax"));
    return identity;
  }

  /** Who is logged in; undefined: nobody, or no more.
   * @throws DetailedError IDENTITY_UNAVAILABLE where that cannot be found out now */
  async current(request: IncomingMessage, signal: AbortSignal): Promise<LoggedIn | undefined> {
    const session = this.#sessionOf(request);
    if (session === undefined) return undefined;
    try {
      await this.#renew(session.data);
      const identity = await this.#options.verifier.verify(session.data.tokens.accessToken, signal);
      if (session.data.ended) return undefined;
      session.data.identity = identity;
      if (!isGuest(identity)) return { identity, session };
    } catch (thrown) {
      if (!(thrown instanceof DetailedError) || thrown.category !== "unauthenticated") throw thrown;
    }
    this.#end(request);
    return undefined;
  }

  /** Ends the session and revokes the login that it comes from. @returns whether that could be revoked */
  async logout(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<boolean> {
    const login = this.#end(request);
    response.setHeader("set-cookie", forgetCookieHeader(this.#cookie));
    await login?.refreshing?.catch(() => undefined);
    return login === undefined || this.#revoke(login.tokens, signal);
  }

  #sessionOf(request: IncomingMessage): Session<Login> | undefined {
    const id = cookieOf(request, this.#cookie);
    return id === undefined ? undefined : this.#sessions.find(id);
  }

  #end(request: IncomingMessage): Login | undefined {
    const session = this.#sessionOf(request);
    if (session === undefined) return undefined;
    session.data.ended = true;
    this.#sessions.end(cookieOf(request, this.#cookie) ?? "");
    return session.data;
  }

  /** A refresh token counts once: requests that come meanwhile wait for the same answer. */
  async #renew(login: Login): Promise<void> {
    const { clock, service } = this.#options;
    const { refreshToken, expiresAtMs } = login.tokens;
    if (refreshToken === undefined || expiresAtMs - clock.now() > renewBeforeMs) return;
    login.refreshing ??= service
      .refresh(refreshToken)
      .then((tokens) => void (login.tokens = tokens))
      .finally(() => (login.refreshing = undefined));
    try {
      await login.refreshing;
    } catch (thrown) {
      // It still counts for a while; perhaps the identity service is back before that is over.
      const waits = thrown instanceof DetailedError && thrown.category === "unavailable";
      if (!waits || expiresAtMs <= clock.now()) throw thrown;
    }
  }

  async #revoke(tokens: Tokens, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.service.revoke(tokens.refreshToken ?? tokens.accessToken, signal);
      return true;
    } catch (thrown) {
      if (thrown instanceof DetailedError) return false;
      throw thrown;
    }
  }
}

function isGuest(identity: Identity): boolean {
  return identity.roles.includes("guest");
}

function notAllowed(identity: Identity): DetailedError {
  return new DetailedError({
    code: "LOGIN_NOT_ALLOWED",
    category: "permission-denied",
    attempted: "log in as",
    subject: identity.name,
    found: "guests have no access here",
    remedy: "log in with another account, or ask an administrator to revoke the role guest",
  });
}
