import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTable, formatTime } from "@metacircular/mcdsl/commands/table.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type Mount, MountService } from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import { type CommandContext } from "./context.ts";
import { callServer, caOption, serverNameOption, serverOption, tokenFileOption } from "./remote.ts";

export function defineMount(parent: Command, context: CommandContext): void {
  const mount = parent.command("mount").description("engines under a name");
  defineAdd(mount, context);
  defineList(mount, context);
  defineRemove(mount, context);
}

function defineAdd(parent: Command, context: CommandContext): void {
  parent
    .command("add")
    .summary("mount an engine")
    .description("Mounts an engine of a type under a name. For administrators.")
    .argument("<name>")
    .argument("<type>", "such as ca")
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("metacrypt mount add pki ca"))
    .action(async (name, type, options) => {
      await callServer(context, options, MountService, (client) => client.createMount({ name, type }));
      context.terminal.say(`Mounted ${name}.`);
    });
}

function defineList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list the mounts")
    .description("Lists the mounts, and why an engine is not at work. For administrators.")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("metacrypt mount list", "metacrypt mount list -o json"))
    .action(async (options) => {
      const { mounts } = await callServer(context, options, MountService, (client) => client.listMounts({}));
      const rows = mounts.map(plain);
      if (options.output === "json") return context.terminal.out(JSON.stringify(rows, undefined, 2));
      const cells = rows.map(({ name, type, created, problem }) => [name, type, created, problem]);
      for (const line of formatTable(["NAME", "TYPE", "CREATED", "PROBLEM"], cells))
        context.terminal.out(line);
    });
}

function defineRemove(parent: Command, context: CommandContext): void {
  parent
    .command("remove")
    .summary("remove a mount with everything in it")
    .description("Removes a mount and all its records, keys of authorities among them. For administrators.")
    .argument("<name>")
    .option("-y, --yes", "do not ask", false)
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("metacrypt mount remove pki --yes"))
    .action(async (name, options) => {
      if (!options.yes) throw notConfirmed(name);
      await callServer(context, options, MountService, (client) => client.deleteMount({ name }));
      context.terminal.say(`Removed ${name} with everything in it.`);
    });
}

function plain({ name, type, created, problem }: Mount) {
  return {
    name,
    type,
    created: created === undefined ? "" : formatTime(timestampDate(created).getTime()),
    problem,
  };
}

function notConfirmed(name: string): DetailedError {
  return new DetailedError({
    code: "NOT_CONFIRMED",
    category: "invalid-argument",
    attempted: "remove mount",
    subject: name,
    found: "everything in it would be lost, and nobody confirmed it",
    remedy: "add --yes",
  });
}
