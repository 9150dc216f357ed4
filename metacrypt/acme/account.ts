import type { JWK } from "jose";

/** An ACME account (RFC 8555, section 7.1.2). Its key is its identity. */
export interface AcmeAccount {
  readonly id: string;
  readonly status: AccountStatus;
  readonly contact: readonly string[];
  readonly termsOfServiceAgreed: boolean;
  /** Public, and only what its thumbprint is made of (RFC 7638). */
  readonly jwk: JWK;
  /** SHA-256 thumbprint of the key (RFC 7638). */
  readonly thumbprint: string;
  /** Set where the account was opened with an external account binding. */
  readonly binding?: AccountBinding;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
}

/** valid: it may do everything. deactivated: by its owner. revoked: by the server. Both are final. */
export type AccountStatus = "valid" | "deactivated" | "revoked";

export interface AccountBinding {
  /** Of the binding that was used. */
  readonly keyId: string;
  /** Name of the platform account for which the ACME account acts. */
  readonly subject: string;
  readonly kind: "human" | "system";
  /** The JWS that the client sent (RFC 8555, section 7.3.4); shown in the account object. */
  readonly jws: unknown;
}

/** As whom the policy judges an account that is bound to nobody. */
export const unboundSubject = "acme";
