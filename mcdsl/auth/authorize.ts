import { DetailedError } from "../errors.ts";
import type { Identity } from "./identity.ts";

/** A service's policy: returns when the caller may use the method, else throws PERMISSION_DENIED.
 * `method` is the gRPC path, e.g. `/mcp.v1.McpAgent/Deploy`. */
export type Authorize = (identity: Identity, method: string) => void;

/** Everyone may do everything, except guests, who may do nothing. */
export const rejectGuests: Authorize = (identity, method) => {
  if (!identity.roles.includes("guest")) return;
  throw new DetailedError({
    code: "PERMISSION_DENIED",
    category: "permission-denied",
    attempted: "call",
    subject: method,
    found: `${identity.name} has the role guest`,
    remedy: "log in with another account, or ask an administrator to revoke the role",
  });
};
