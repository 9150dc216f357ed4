import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import {
  type Manifest,
  ManifestSchema,
  RepositoryService,
} from "@metacircular/proto/gen/mcr/v1/registry_pb.ts";
import { withConsent, yesOption } from "./confirm.ts";
import type { CommandContext } from "./context.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";
import { imageName } from "./repository-argument.ts";
import { timeText } from "./time.ts";

export function defineImage(parent: Command, context: CommandContext): void {
  const image = parent.command("image").description("manifests: images, indexes and other artifacts");
  defineShow(image, context);
  defineDelete(image, context);
}

function defineShow(parent: Command, context: CommandContext): void {
  parent
    .command("show")
    .summary("show an image with its layers")
    .description("Shows what a tag or digest stands for, and what it consists of.")
    .argument("<image>", "such as team/app:v1.2.3", imageName)
    .argument("[reference]", "tag or digest, where the image is named without")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples("mcr image show team/app:v1.2.3", "mcr image show team/app v1.2.3 -o json"),
    )
    .action(async (image, apart, options, command) => {
      const { repository, reference = apart } = image;
      if (reference === undefined)
        return command.error("error: the tag or digest is missing, as in team/app:v1.2.3");
      const manifest = await callServer(context, options, RepositoryService, (client) =>
        client.getManifest({ repository, reference }),
      );
      const { terminal } = context;
      if (options.output === "json") return terminal.out(jsonText(ManifestSchema, manifest));
      for (const line of describe(manifest)) terminal.out(line);
    });
}

function defineDelete(parent: Command, context: CommandContext): void {
  parent
    .command("delete")
    .summary("delete an image with its tags")
    .description("Deletes a manifest with the tags that stand for it; garbage collection frees the space.")
    .argument("<image>", "such as team/app@sha256:4f53…", imageName)
    .argument("[digest]", "where the image is named without")
    .addOption(yesOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr image delete team/app@sha256:4f53… --yes"))
    .action(async (image, apart, options, command) => {
      const { repository, reference: digest = apart } = image;
      if (digest === undefined)
        return command.error("error: the digest is missing, as in team/app@sha256:4f53…");
      await withConsent(context, `Delete ${repository}@${digest} with its tags?`, options.yes, async () => {
        const { tags } = await callServer(context, options, RepositoryService, (client) =>
          client.deleteManifest({ repository, digest }),
        );
        const also = tags.length === 0 ? "" : ` with the tags ${tags.join(", ")}`;
        context.terminal.say(`Deleted ${repository}@${digest}${also}.`);
      });
    });
}

function describe(manifest: Manifest): string[] {
  const { digest, mediaType, artifactType, subject, tags, pushed, pushedBy, references, contentSizeBytes } =
    manifest;
  const facts = [
    ["Digest", digest],
    ["Type", artifactType === "" ? mediaType : `${mediaType} (${artifactType})`],
    ["About", subject],
    ["Tags", tags.join(" ")],
    ["Pushed", `${timeText(pushed)} by ${pushedBy}`],
    ["Content", references.some(({ kind }) => kind !== "manifest") ? sizeText(Number(contentSizeBytes)) : ""],
  ].filter(([, value]) => value !== "");
  const rows = references.map(({ kind, digest, sizeBytes, platform, mediaType }) => [
    kind,
    digest,
    sizeText(Number(sizeBytes)),
    platform === "" ? mediaType : platform,
  ]);
  const width = Math.max(...facts.map(([name = ""]) => name.length));
  const lines = facts.map(([name = "", value = ""]) => `${name.padEnd(width)}  ${value}`);
  return [...lines, "", ...formatTable(["KIND", "DIGEST", "SIZE", "TYPE"], rows)];
}
