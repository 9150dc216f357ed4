import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { toJson } from "@bufbuild/protobuf";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import {
  SealKind,
  type SystemStatus,
  SystemService,
  SystemStatusSchema,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import { type CommandContext } from "./context.ts";
import { callServer, caOption, serverNameOption, serverOption } from "./remote.ts";

export function defineStatus(parent: Command, context: CommandContext): void {
  parent
    .command("status")
    .summary("say whether the server is sealed, and how it is unsealed")
    .description("Asks the running server. Needs no token.")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addHelpText("after", examples("metacrypt status", "metacrypt status -o json --server metacrypt:9443"))
    .action(async (options) => {
      const status = await callServer(context, options, SystemService, (client) => client.getStatus({}));
      showStatus(context, status, options.output);
    });
}

export function showStatus(
  { terminal }: CommandContext,
  status: SystemStatus,
  output: "table" | "json",
): void {
  if (output === "json") {
    const json = toJson(SystemStatusSchema, status, { useProtoFieldName: true, alwaysEmitImplicit: true });
    terminal.out(JSON.stringify(json, undefined, 2));
    return;
  }
  for (const line of statusLines(status)) terminal.out(line);
}

/** What a person wants to know; pure. */
export function statusLines(status: SystemStatus): string[] {
  const { initialized, sealed, unattended, keyVersion, recordsToRekey, version } = status;
  if (!initialized) return [`not initialised (metacrypt ${version})`];
  const lines = [`${sealed ? "sealed" : "unsealed"} (metacrypt ${version})`, `opened by ${openedBy(status)}`];
  if (unattended) {
    lines.push("opened at start by the unattended key file: whoever has it and the database has all keys");
  }
  if (status.progress > 0) lines.push(`${status.progress} of ${status.threshold} shares given`);
  if (!sealed) lines.push(`barrier key ${keyVersion}`);
  if (recordsToRekey > 0) lines.push(`${recordsToRekey} records still have an older key: metacrypt rekey`);
  return lines;
}

function openedBy({ kind, threshold, shares }: SystemStatus): string {
  if (kind === SealKind.SHARES) return `${threshold} of ${shares} shares`;
  return kind === SealKind.PASSPHRASE ? "a passphrase" : "the unattended key file only";
}
