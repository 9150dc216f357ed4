import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { GetStatusResponseSchema } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { type ControlContext, socketOption, withClient } from "../context.ts";
import { messageJson, printJson } from "../output/json.ts";
import { statusLines } from "../output/status.ts";

export function defineStatus(parent: Command, context: ControlContext): void {
  parent
    .command("status")
    .summary("show what runs and what is wrong")
    .description(
      "Shows the control plane, the data plane, and all that is wrong now. Problems don't change the exit code\n" +
        "unless --check is given; it is 1 then.",
    )
    .addOption(outputOption())
    .addOption(socketOption(context))
    .option("--check", "fail when there are problems")
    .addHelpText("after", examples("mcproxyctl status", "mcproxyctl status --check -o json"))
    .action(async (options) => {
      const status = await withClient(options.socket, (client, signal) => client.status(signal));
      if (options.output === "json") printJson(context.out, messageJson(GetStatusResponseSchema, status));
      else for (const line of statusLines(status)) context.out(line);
      if (options.check === true && status.problems.length > 0)
        throw new ProblemsFound(status.problems.length);
    });
}

/** The answer itself was printed. */
class ProblemsFound extends Error {
  constructor(count: number) {
    super(count === 1 ? "there is a problem" : `there are ${count} problems`);
    this.name = "ProblemsFound";
  }
}
