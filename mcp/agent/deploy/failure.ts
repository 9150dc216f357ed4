import { databaseWriteFailure } from "@metacircular/mcdsl/database/write-failure.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Failure } from "@metacircular/mcp-core/outcome.ts";

/** An error as it is stored in the journal and sent to clients. `attempted` names what was going on where
 * the error itself does not. */
export function failureOf(error: unknown, attempted: string): Failure {
  const known = databaseWriteFailure(error) ?? error;
  if (known instanceof DetailedError) {
    const { code, subject, found, remedy, facts, output } = known;
    return { code, attempted: known.attempted, subject, found, remedy, facts, output };
  }
  return {
    code: "INTERNAL",
    attempted,
    subject: "",
    found: messageOf(error),
    remedy: "read the agent's log; this is a defect of the agent",
    facts: {},
    output: [],
  };
}
