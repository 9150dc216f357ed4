import type { Command } from "@commander-js/extra-typings";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import type { UploadFileResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { openContext } from "../context.ts";
import { nodeForPush, pushPath } from "../files/push-target.ts";
import { previewSend, sendFile } from "../files/send.ts";
import { openSource } from "../files/source.ts";
import { formatMode, formatSha256 } from "../files/words.ts";
import type { Invocation } from "../invocation.ts";
import { permissions } from "../options.ts";
import { plain } from "../output/table.ts";

export const json = {
  node: "node it was pushed to",
  service: "name of the service",
  path: "absolute path on the node",
  size_bytes: "size of the file",
  sha256: "of its content; null with --dry-run",
  mode: "its permissions, such as 0644",
  replaced: "whether there was a file of that name",
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Copies a file into a service's directory on its node. What is there is replaced at once and as a whole; " +
        "a push that is interrupted leaves it as it was.",
    )
    .argument("<file>", "local file, or - for standard input")
    .argument("<service>", "service that gets it")
    .argument(
      "[path]",
      "where in the service's directory (default: the file's name; into a directory with / at the end)",
    )
    .option(
      "--mode <permissions>",
      "permissions, such as 0600 (default: those of the file that is replaced, else the local file's)",
      permissions,
    )
    .option("--create", "also for a service that has no definition and is not deployed")
    .option("--dry-run", "only show what would be pushed")
    .addHelpText("after", examples)
    .action(async (file, service, path, options, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      await using source = await openSource(file, invocation);
      const start = { service, path: pushPath(path, source), mode: options.mode };
      const node = await nodeForPush(context, service, options.create === true);
      const dryRun = options.dryRun === true;
      const response = dryRun
        ? await previewSend(context, node, source, start)
        : await sendFile(context, node, source, start);
      if (output.format === "json") return output.json(view(node, service, response, dryRun));
      const to = `${node}:${plain(response.path)}`;
      const size = sizeText(source.sizeBytes);
      const mode = formatMode(response.mode);
      if (dryRun) {
        const replacing = response.replaced ? "replacing the file there" : "as a new file";
        return output.print(
          `would push ${plain(source.name)} (${size}) to ${to}, mode ${mode}, ${replacing}`,
        );
      }
      const facts = `${size}, sha256 ${formatSha256(response.sha256)}, mode ${mode}`;
      output.say(`pushed ${plain(source.name)} (${facts}) to ${to}`);
    });
}

function view(
  node: string,
  service: string,
  { path, sizeBytes, sha256, mode, replaced }: UploadFileResponse,
  dryRun: boolean,
): Record<keyof typeof json, unknown> {
  return {
    node,
    service,
    path,
    size_bytes: Number(sizeBytes),
    sha256: dryRun ? null : Buffer.from(sha256).toString("hex"),
    mode: formatMode(mode),
    replaced,
  };
}

const examples = `
Examples:
  mcp push mcr.toml mcr
  mcp push cert.pem mcr certs/mcr.pem
  sops -d secrets.env | mcp push - shop secrets.env --mode 0600
`;
