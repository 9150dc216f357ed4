import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import {
  SealKind,
  SystemService,
  type SystemStatus,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import { type CommandContext } from "./context.ts";
import { callServer, caOption, type RemoteOptions, serverNameOption, serverOption } from "./remote.ts";
import { showStatus } from "./status.ts";

export function defineUnseal(parent: Command, context: CommandContext): void {
  parent
    .command("unseal")
    .summary("open the seal with the passphrase or a share")
    .description(
      "Asks for the passphrase, or for one share, without echo. Each holder of a share runs it once; whether the " +
        "shares are right is told when the last one is there.",
    )
    .option("--stdin", "read the passphrase or the share from the first line of the standard input", false)
    .option("--reset", "forget the shares given so far", false)
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addHelpText("after", examples("metacrypt unseal", "metacrypt unseal --stdin < share"))
    .action(async (options) => {
      const status = options.reset ? await reset(context, options) : await unseal(context, options);
      showStatus(context, status, options.output);
    });
}

function reset(context: CommandContext, options: RemoteOptions): Promise<SystemStatus> {
  return callServer(context, options, SystemService, (client) =>
    client.unseal({ with: { case: "reset", value: true } }),
  );
}

async function unseal(
  context: CommandContext,
  options: RemoteOptions & { readonly stdin: boolean },
): Promise<SystemStatus> {
  const before = await callServer(context, options, SystemService, (client) => client.getStatus({}));
  if (before.initialized && !before.sealed) return before;
  const [name, kind] =
    before.kind === SealKind.SHARES ? (["share", "share"] as const) : (["passphrase", "passphrase"] as const);
  const { terminal } = context;
  const value = options.stdin
    ? await terminal.readLine(`the ${name}`)
    : await terminal.askSecret(name, false);
  return callServer(context, options, SystemService, (client) =>
    client.unseal({ with: { case: kind, value } }),
  );
}
