import { createHash } from "node:crypto";
import type { AcmeConfig, MayConnect } from "../config.ts";
import type { Identifier } from "../identifier.ts";
import type { Names } from "./names.ts";

/** What is to be found where only whoever controls the identifier can put it. */
export interface Proof {
  readonly identifier: Identifier;
  readonly token: string;
  /** RFC 8555, section 8.1. */
  readonly keyAuthorization: string;
}

/** What validation works with. */
export interface ValidationParts {
  readonly config: AcmeConfig;
  readonly names: Names;
  readonly mayConnect: MayConnect;
  /** Aborted when the time for the attempt is over. */
  readonly signal: AbortSignal;
}

/** @param thumbprint of the account's key */
export function keyAuthorization(token: string, thumbprint: string): string {
  return `${token}.${thumbprint}`;
}

/** SHA-256 of a key authorisation. */
export function keyAuthorizationDigest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
