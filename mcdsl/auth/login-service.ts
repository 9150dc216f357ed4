/** What a login yields. */
export interface Tokens {
  readonly accessToken: string;
  /** Can be used once. */
  readonly refreshToken?: string;
  /** End of the access token. */
  readonly expiresAtMs: number;
}

/** Where people log in. Besides what each method names, all throw a DetailedError `IDENTITY_UNAVAILABLE` when there is no
 * usable answer, and `CANCELLED` when the signal is aborted. */
export interface LoginService {
  /**
   * Logs a human in. Throws `LOGIN_REFUSED`; `ACCOUNT_LOCKED` and `TOO_MANY_ATTEMPTS`, with the fact
   * `retryAfterSeconds`.
   */
  login(request: {
    username: string;
    password: string;
    /** What the login is for, e.g. `mcp-agent`; for the audit log and login policy. */
    serviceName: string;
    /** Where a service passes on what its own client sent: that client's address, so that wrong passwords count there
     * and not at the service's; and an access token of the service's system account, without which that is refused. */
    onBehalfOf?: { readonly address: string; readonly actorToken: string } | undefined;
    signal?: AbortSignal | undefined;
  }): Promise<Tokens>;
  /**
   * New tokens for a refresh token, which can be used once: store the new one before anything
   * else. Throws `LOGIN_ENDED`: log in again.
   */
  refresh(refreshToken: string, signal?: AbortSignal): Promise<Tokens>;
  /** Ends the login that a token comes from. Give the refresh token where there is one. */
  revoke(token: string, signal?: AbortSignal): Promise<void>;
}
