/** Who is calling. */
export interface Identity {
  /** Stable id of the account. */
  readonly subject: string;
  /** Its name. */
  readonly name: string;
  readonly kind: "human" | "system";
  readonly roles: readonly string[];
  /** When the token ends, milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

export interface TokenVerifier {
  /** Who the token stands for.
   * @throws DetailedError of category unauthenticated (TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED), or of
   * category unavailable (IDENTITY_UNAVAILABLE) when that cannot be found out now */
  verify(token: string, signal?: AbortSignal): Promise<Identity>;
}
