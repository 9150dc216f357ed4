import { claimFile } from "@metacircular/mcdsl/database/claim.ts";

/** Makes this process the only proxy that works with a file: its database, its socket.
 * @throws DetailedError PROXY_ALREADY_RUNS, DATABASE_UNREADABLE */
export function claim(file: string, what: string): Disposable {
  return claimFile(file, { code: "PROXY_ALREADY_RUNS", what: `the ${what}`, holder: "another mc-proxy" });
}
