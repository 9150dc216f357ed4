/** An external account binding: whoever has its HMAC key may open ACME accounts that act for a platform account. */
export interface Binding {
  /** What clients call `kid` or key identifier. */
  readonly keyId: string;
  /** Name of the platform account. */
  readonly subject: string;
  readonly kind: "human" | "system";
  /** base64url, 32 bytes. Secret; shown once, when the binding is made. */
  readonly hmacKey: string;
  readonly note: string;
  /** Name of the platform account that made it. */
  readonly createdBy: string;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** Undefined: no account was opened with it yet. */
  readonly lastUsedAtMs?: number;
  /** How many ACME accounts were opened with it. */
  readonly accounts: number;
  /** Set when it was revoked: its accounts may do nothing any more. */
  readonly revokedAtMs?: number;
}
