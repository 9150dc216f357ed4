import type { Identity } from "@metacircular/mcdsl/auth/identity.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { isWithin, type Name } from "../wire/name.ts";

/** Decides who may change the records of a name.
 * @throws DetailedError PERMISSION_DENIED */
export type RecordPolicy = (caller: Identity, owner: Name, zone: Name) => void;

/** Administrators and the managers may change every record, any other system account those at `<its name>.<zone>` and
 * below; people who are no administrators may only read.
 * @param managers names of system accounts */
export function createRecordPolicy(managers: readonly string[]): RecordPolicy {
  return (caller, owner, zone) => {
    if (caller.roles.includes("admin")) return;
    const isSystem = caller.kind === "system";
    if (isSystem && managers.includes(caller.name)) return;
    const own = `${caller.name}.${zone}`;
    if (isSystem && isWithin(owner, own)) return;
    throw new DetailedError({
      code: "PERMISSION_DENIED",
      category: "permission-denied",
      attempted: "change the records of",
      subject: owner,
      found: isSystem
        ? `${caller.name} may only change records of ${own} and below`
        : `${caller.name} does not have the role admin`,
      remedy: isSystem
        ? "let an administrator do it, or list the account in [auth] record_managers"
        : "log in as an administrator",
    });
  };
}
