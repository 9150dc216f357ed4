import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";

/** Time for a predecessor to be gone. */
const waitMs = 2_000;
const busy = 5;

/** Makes this process the only agent on a registry until it disposes the claim or ends, however that comes: the
 * lock is the operating system's, held through a database of its own beside the registry.
 * @throws DetailedError AGENT_ALREADY_RUNS, DATABASE_UNREADABLE */
export function claimRegistry(file: string): Disposable {
  const sql = openClaim(file);
  try {
    sql.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    sql.close();
    if ((cause as { errcode?: number }).errcode !== busy) throw cause;
    throw new DetailedError({
      code: "AGENT_ALREADY_RUNS",
      category: "failed-precondition",
      attempted: "claim the registry",
      subject: file,
      found: "another agent works with it",
      remedy: "stop that one, or configure another [database] path",
      cause,
    });
  }
  return { [Symbol.dispose]: () => sql.close() };
}

function openClaim(file: string): DatabaseSync {
  const path = `${file}.claim`;
  try {
    closeSync(openSync(path, "a", 0o600));
    return new DatabaseSync(path, { timeout: waitMs });
  } catch (cause) {
    throw new DetailedError({
      code: "DATABASE_UNREADABLE",
      category: "failed-precondition",
      attempted: "claim the registry",
      subject: file,
      found: messageOf(cause),
      remedy: "correct [database] path, or make its directory, for the agent's user",
      cause,
    });
  }
}
