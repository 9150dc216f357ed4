import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { PUBLIC_CLIENT_ID } from "../client/public-client.ts";

export const ACCOUNT_KINDS = ["human", "system"] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

export const ROLES = ["admin", "user", "guest"] as const;
export type Role = (typeof ROLES)[number];

/** Who can log in. Names are never given to somebody else, so the name is also the token's subject. */
export interface Account {
  readonly name: string;
  readonly kind: AccountKind;
  /** Sorted; always empty for system accounts: each service's own policy decides what they may do. */
  readonly roles: readonly Role[];
  readonly disabled: boolean;
  readonly createdAtMs: number;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export function isAccountName(text: string): boolean {
  return NAME.test(text);
}

/** Returns the name, or throws `INVALID_ACCOUNT_NAME` / `RESERVED_ACCOUNT_NAME`. */
export function requireNewAccountName(name: string): string {
  const attempted = "add account";
  if (!isAccountName(name)) {
    throw new DetailedError({
      code: "INVALID_ACCOUNT_NAME",
      category: "invalid-argument",
      attempted,
      subject: JSON.stringify(name.slice(0, 80)),
      found:
        "not 1 to 63 lower-case letters, digits, dots, underscores or hyphens, starting with a letter or digit",
      remedy: "choose another name",
    });
  }
  if (name === PUBLIC_CLIENT_ID) {
    throw new DetailedError({
      code: "RESERVED_ACCOUNT_NAME",
      category: "invalid-argument",
      attempted,
      subject: name,
      found: "it is the client identifier of the mcp command line",
      remedy: "choose another name",
    });
  }
  return name;
}

/** Returns the role, or throws `UNKNOWN_ROLE`. */
export function requireRole(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role !== undefined) return role;
  throw new DetailedError({
    code: "UNKNOWN_ROLE",
    category: "invalid-argument",
    attempted: "use role",
    subject: JSON.stringify(text.slice(0, 80)),
    found: `the roles are ${ROLES.join(", ")}`,
    remedy: "use one of them",
  });
}
