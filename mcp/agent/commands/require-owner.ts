import { statSync } from "node:fs";
import { dirname } from "node:path";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** Files that another user writes beside the registry would be closed to the agent.
 * @throws DetailedError WRONG_USER */
export function requireOwner(registryFile: string, attempted: string): void {
  const owner = (
    statSync(registryFile, { throwIfNoEntry: false }) ??
    statSync(dirname(registryFile), { throwIfNoEntry: false })
  )?.uid;
  const user = process.geteuid?.();
  if (owner === undefined || user === undefined || owner === user) return;
  throw new DetailedError({
    code: "WRONG_USER",
    category: "failed-precondition",
    attempted,
    subject: registryFile,
    found: `it belongs to user ${owner}, and this is user ${user}`,
    remedy: `run it as its owner: sudo -u '#${owner}' mcp-agent ...`,
  });
}
