import { claimFile } from "@metacircular/mcdsl/database/claim.ts";

/** Makes this process the only agent on a registry.
 * @throws DetailedError AGENT_ALREADY_RUNS, DATABASE_UNREADABLE */
export function claimRegistry(file: string): Disposable {
  return claimFile(file, { code: "AGENT_ALREADY_RUNS", what: "the registry", holder: "another agent" });
}
