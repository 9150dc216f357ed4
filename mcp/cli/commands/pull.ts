import type { Command } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import type { DownloadFileStart } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { openContext } from "../context.ts";
import { type Destination, destinationFor } from "../files/destination.ts";
import { assertFilePath } from "../files/push-target.ts";
import { previewReceive, receiveFile } from "../files/receive.ts";
import { formatMode, formatSha256 } from "../files/words.ts";
import type { Invocation } from "../invocation.ts";
import { locateService } from "../nodes/locate.ts";
import type { Output } from "../output/output.ts";
import { plain } from "../output/table.ts";
import { isoTime } from "../output/time.ts";

export const json = {
  node: "node it was pulled from",
  service: "name of the service",
  path: "absolute path on the node",
  file: "local path",
  size_bytes: "size of the file",
  sha256: "of its content; null with --dry-run",
  mode: "its permissions on the node, such as 0644",
  modified: "when it was last changed on the node (ISO 8601)",
  replaced: "whether there was a local file of that name",
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Copies a file from a service's directory on its node. A local file of that name is replaced, at once and as a " +
        "whole, and keeps its permissions.",
    )
    .argument("<service>", "service that has it")
    .argument("<path>", "path in the service's directory")
    .argument(
      "[local-file]",
      "local file or directory, or - for standard output (default: the file's name, here)",
    )
    .option("--dry-run", "only show what would be pulled")
    .addHelpText("after", examples)
    .action(async (service, path, local, options, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      assertFilePath("pull", path);
      if (local === "-" && output.format === "json") throw twoOutputs();
      const destination = await destinationFor(local, path, invocation);
      const { node } = await locateService(context, service);
      const about = { node, service, destination };
      if (options.dryRun === true) {
        return showPreview(output, about, await previewReceive(context, node, { service, path }));
      }
      const { start, sha256 } = await receiveFile(context, node, { service, path }, destination);
      if (output.format === "json") return output.json(view(about, start, sha256));
      const facts = `${sizeText(Number(start.sizeBytes))}, sha256 ${formatSha256(sha256)}`;
      const to = local === "-" ? "standard output" : plain(destination.name);
      output.say(`pulled ${node}:${plain(start.path)} (${facts}) to ${to}`);
    });
}

interface About {
  readonly node: string;
  readonly service: string;
  readonly destination: Destination;
}

function showPreview(output: Output, about: About, start: DownloadFileStart): void {
  if (output.format === "json") return output.json(view(about, start, undefined));
  const { node, destination } = about;
  const facts = `${sizeText(Number(start.sizeBytes))}, mode ${formatMode(start.mode)}`;
  const replacing = destination.replaces ? ", replacing the file there" : "";
  output.print(
    `would pull ${node}:${plain(start.path)} (${facts}) to ${plain(destination.name)}${replacing}`,
  );
}

function view(
  { node, service, destination }: About,
  { path, sizeBytes, mode, modified }: DownloadFileStart,
  sha256: Uint8Array | undefined,
): Record<keyof typeof json, unknown> {
  return {
    node,
    service,
    path,
    file: destination.name,
    size_bytes: Number(sizeBytes),
    sha256: sha256 === undefined ? null : Buffer.from(sha256).toString("hex"),
    mode: formatMode(mode),
    modified: isoTime(modified),
    replaced: destination.replaces,
  };
}

function twoOutputs(): DetailedError {
  return new DetailedError({
    code: "USAGE_INVALID",
    category: "invalid-argument",
    attempted: "understand the command line",
    found: "the content and JSON cannot both go to standard output",
    remedy: "name a local file, or leave out -o json",
  });
}

const examples = `
Examples:
  mcp pull mcr mcr.toml
  mcp pull mcr certs/mcr.pem ./backup/
  mcp pull shop data/orders.csv - | wc -l
`;
