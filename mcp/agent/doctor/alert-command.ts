import { access, constants, stat } from "node:fs/promises";
import { join } from "node:path";
import { fine, type Judgement, problem } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

/** Whether the command for alerts can be run. */
export const alertCommandCheck: Check = {
  name: "alert-command",
  async run({ alertCommand: [program], path }) {
    if (program === undefined) return [judgeAlertCommand(undefined, "")];
    const candidates = program.includes("/")
      ? [program]
      : path.split(":").map((directory) => join(directory, program));
    const usable = await Promise.all(candidates.map(isExecutable));
    return [
      judgeAlertCommand(
        program,
        usable.includes(true) ? "" : "there is no such program, or it may not be run",
      ),
    ];
  },
};

/** @param program undefined: none is configured
 * @param failure why it cannot be run; empty: it can */
export function judgeAlertCommand(program: string | undefined, failure: string): Judgement {
  if (program === undefined) return fine("alert_command", "none is configured; alerts are in the log");
  if (failure === "") return fine(program, "it can be run");
  return problem(
    program,
    failure,
    "correct alert_command in [monitor], or: chmod +x <file>; then: mcp alerts test",
  );
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
