import { create } from "@bufbuild/protobuf";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { ListTagsResponseSchema, RepositoryService } from "@metacircular/proto/gen/mcr/v1/registry_pb.ts";
import { withConsent, yesOption } from "./confirm.ts";
import type { CommandContext } from "./context.ts";
import { allPages } from "./pages.ts";
import { repositoryName } from "./repository-argument.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";
import { timeText } from "./time.ts";

export function defineTag(parent: Command, context: CommandContext): void {
  const tag = parent.command("tag").description("names of images in a repository");
  defineList(tag, context);
  defineDelete(tag, context);
}

function defineList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list the tags of a repository")
    .description("Lists the tags of a repository by name, with what they stand for.")
    .argument("<repository>", "such as team/app", repositoryName)
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr tag list team/app", "mcr tag list team/app -o json"))
    .action(async (repository, options) => {
      const tags = await callServer(context, options, RepositoryService, (client) =>
        allPages(async (pageToken) => {
          const page = await client.listTags({ repository, limit: 1_000, pageToken });
          return { items: page.tags, nextPageToken: page.nextPageToken };
        }),
      );
      const { terminal } = context;
      if (options.output === "json") {
        return terminal.out(jsonText(ListTagsResponseSchema, create(ListTagsResponseSchema, { tags })));
      }
      const rows = tags.map(({ name, digest, updated, updatedBy, immutable }) => [
        name,
        digest,
        timeText(updated),
        updatedBy,
        immutable ? "yes" : "no",
      ]);
      for (const line of formatTable(["TAG", "DIGEST", "PUSHED", "BY", "IMMUTABLE"], rows))
        terminal.out(line);
    });
}

function defineDelete(parent: Command, context: CommandContext): void {
  parent
    .command("delete")
    .summary("delete a tag")
    .description("Deletes a tag. Its image stays, and can be pulled by the digest that is printed.")
    .argument("<repository>", "such as team/app", repositoryName)
    .argument("<tag>")
    .addOption(yesOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples("mcr tag delete team/app nightly", "mcr tag delete team/app nightly --yes"),
    )
    .action(async (repository, tag, options) => {
      await withConsent(context, `Delete the tag ${tag} of ${repository}?`, options.yes, async () => {
        const { digest } = await callServer(context, options, RepositoryService, (client) =>
          client.deleteTag({ repository, tag }),
        );
        context.terminal.say(`Deleted ${repository}:${tag}, which stood for:`);
        context.terminal.out(digest);
      });
    });
}
