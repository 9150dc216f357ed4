import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { durationForm, parseDuration } from "@metacircular/mcp-core/duration.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { type ControlContext, socketOption, withClient } from "../context.ts";
import { printJson } from "../output/json.ts";

export function defineDrain(parent: Command, context: ControlContext): void {
  parent
    .command("drain")
    .summary("wait until a backend is not used any more")
    .description(
      "Waits until nothing is connected to a backend; it can be stopped then. Remove its routes or lead them\n" +
        "elsewhere first. Fails when connections remain at the end of the time.",
    )
    .argument("<backend>", 'address and port, e.g. "127.0.0.1:8080"')
    .option("-t, --timeout <duration>", "how long to wait, at most 10m", parseTimeout, 10_000)
    .addOption(outputOption())
    .addOption(socketOption(context))
    .addHelpText("after", examples("mcproxyctl drain 127.0.0.1:8080 --timeout 1m"))
    .action(async (backend, options) => {
      const connections = await withClient(options.socket, (client, signal) =>
        client.drainBackend(backend, options.timeout, signal),
      );
      if (options.output === "json") printJson(context.out, { connections });
      if (connections > 0) throw notDrained(backend, connections);
      if (options.output === "table") context.say("drained");
    });
}

function parseTimeout(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError(`Not ${durationForm}.`);
  return durationMs;
}

function notDrained(backend: string, connections: number): DetailedError {
  return new DetailedError({
    code: "BACKEND_NOT_DRAINED",
    category: "deadline-exceeded",
    attempted: "drain backend",
    subject: backend,
    found: `${connections} connections remain`,
    remedy: "check that no route leads there any more, and wait longer",
  });
}
