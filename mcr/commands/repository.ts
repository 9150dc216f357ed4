import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import {
  ListPullsResponseSchema,
  ListRepositoriesResponseSchema,
  type Repository,
  RepositorySchema,
  RepositoryService,
} from "@metacircular/proto/gen/mcr/v1/registry_pb.ts";
import { create } from "@bufbuild/protobuf";
import { withConsent, yesOption } from "./confirm.ts";
import type { CommandContext } from "./context.ts";
import { allPages } from "./pages.ts";
import { repositoryName } from "./repository-argument.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";
import { timeText } from "./time.ts";

export function defineRepository(parent: Command, context: CommandContext): void {
  const repository = parent.command("repository").alias("repo").description("what images are pushed to");
  defineList(repository, context);
  defineShow(repository, context);
  definePulls(repository, context);
  defineDelete(repository, context);
}

const header = ["REPOSITORY", "TAGS", "MANIFESTS", "SIZE", "QUOTA", "LAST PUSH", "LAST PULL"];

function defineList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list the repositories")
    .description("Lists the repositories that you may pull from, by name.")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr repository list", "mcr repository list -o json"))
    .action(async (options) => {
      const repositories = await callServer(context, options, RepositoryService, (client) =>
        allPages(async (pageToken) => {
          const page = await client.listRepositories({ limit: 1_000, pageToken });
          return { items: page.repositories, nextPageToken: page.nextPageToken };
        }),
      );
      const { terminal } = context;
      if (options.output === "json") {
        const answer = create(ListRepositoriesResponseSchema, { repositories });
        return terminal.out(jsonText(ListRepositoriesResponseSchema, answer));
      }
      for (const line of formatTable(header, repositories.map(cells))) terminal.out(line);
    });
}

function defineShow(parent: Command, context: CommandContext): void {
  parent
    .command("show")
    .summary("show a repository")
    .description("Shows a repository; `mcr tag list` lists its tags.")
    .argument("<repository>", "such as team/app", repositoryName)
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr repository show team/app"))
    .action(async (name, options) => {
      const found = await callServer(context, options, RepositoryService, (client) =>
        client.getRepository({ name }),
      );
      const { terminal } = context;
      if (options.output === "json") return terminal.out(jsonText(RepositorySchema, found));
      for (const line of formatTable(header, [cells(found)])) terminal.out(line);
    });
}

function definePulls(parent: Command, context: CommandContext): void {
  parent
    .command("pulls")
    .summary("show who pulled what")
    .description("Lists who pulled which image and when last, newest first. For administrators.")
    .argument("<repository>", "such as team/app", repositoryName)
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr repository pulls team/app"))
    .action(async (repository, options) => {
      const found = await callServer(context, options, RepositoryService, (client) =>
        client.listPulls({ repository, limit: 1_000 }),
      );
      const { terminal } = context;
      if (options.output === "json") return terminal.out(jsonText(ListPullsResponseSchema, found));
      const rows = found.pulls.map(({ account, accountKind, reference, digest, count, last }) => [
        account === "" ? accountKind : account,
        reference,
        digest,
        String(count),
        timeText(last),
      ]);
      for (const line of formatTable(["ACCOUNT", "NAMED", "DIGEST", "PULLS", "LAST"], rows))
        terminal.out(line);
    });
}

function defineDelete(parent: Command, context: CommandContext): void {
  parent
    .command("delete")
    .summary("delete a repository with all that it holds")
    .description("Deletes a repository with its tags and images; garbage collection frees the space.")
    .argument("<repository>", "such as team/app", repositoryName)
    .addOption(yesOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr repository delete team/old", "mcr repository delete team/old --yes"))
    .action(async (name, options) => {
      await withConsent(context, `Delete ${name} with all its images?`, options.yes, async () => {
        await callServer(context, options, RepositoryService, (client) => client.deleteRepository({ name }));
        context.terminal.say(`Deleted ${name}.`);
      });
    });
}

function cells(repository: Repository): string[] {
  const { name, tags, manifests, sizeBytes, quotaBytes, lastPush, lastPull } = repository;
  const quota = quotaBytes === undefined ? "-" : sizeText(Number(quotaBytes));
  const size = sizeText(Number(sizeBytes));
  return [name, String(tags), String(manifests), size, quota, timeText(lastPush), timeText(lastPull)];
}
