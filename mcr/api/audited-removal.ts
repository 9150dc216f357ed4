import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Audit, AuditEntry } from "../audit/audit.ts";

type About = Pick<AuditEntry, "action" | "caller" | "address" | "repository" | "reference">;

/** Removes something, and writes down how that came out, also where it was refused.
 * @returns the digest that `remove` names */
export async function removing(
  audit: Audit,
  about: About,
  remove: () => Promise<{ readonly digest: string; readonly detail: string }>,
): Promise<string> {
  try {
    const { digest, detail } = await remove();
    audit.record({ ...about, outcome: "ok", digest, detail });
    return digest;
  } catch (thrown) {
    const isDetailed = thrown instanceof DetailedError;
    const outcome = isDetailed && thrown.category === "permission-denied" ? "denied" : "failed";
    audit.record({ ...about, outcome, digest: "", detail: isDetailed ? thrown.code : "INTERNAL" });
    throw thrown;
  }
}
