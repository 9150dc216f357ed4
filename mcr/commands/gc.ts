import { create } from "@bufbuild/protobuf";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import {
  type GarbageCollection,
  GarbageCollectionSchema,
  GarbageCollectionService,
  ListGarbageCollectionItemsResponseSchema,
  ListGarbageCollectionsResponseSchema,
} from "@metacircular/proto/gen/mcr/v1/operation_pb.ts";
import type { CommandContext } from "./context.ts";
import { allPages } from "./pages.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";
import { timeText } from "./time.ts";

const lookEveryMs = 1_000;

export function defineGc(parent: Command, context: CommandContext): void {
  const gc = parent.command("gc").description("garbage collection: frees what nothing needs any more");
  defineRun(gc, context);
  defineList(gc, context);
  defineItems(gc, context);
}

function defineRun(parent: Command, context: CommandContext): void {
  parent
    .command("run")
    .summary("collect garbage now")
    .description(
      "Removes what the rules of retention let go, and blobs that no repository holds. It waits for the end, and prints " +
        "what was removed; pushes and pulls go on meanwhile. For administrators.",
    )
    .option("-n, --dry-run", "only say what would be removed", false)
    .option("--no-wait", "do not wait for the end")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr gc run --dry-run", "mcr gc run -o json"))
    .action(async (options) => {
      const { dryRun, wait } = options;
      const { clock, terminal } = context;
      const ended = await callServer(context, options, GarbageCollectionService, async (client) => {
        let run = await client.startGarbageCollection({ dryRun });
        if (!wait) return run;
        while (run.state === "running") {
          await clock.sleep(lookEveryMs);
          run = await client.getGarbageCollection({ id: run.id });
        }
        return run;
      });
      if (options.output === "json") terminal.out(jsonText(GarbageCollectionSchema, ended));
      else for (const line of formatTable(header, [cells(ended)])) terminal.out(line);
      if (foundNothing(ended)) {
        terminal.say(
          "Nothing is to go. What was pushed or asked for within the lease (an hour by default) stays.",
        );
      }
      if (ended.state !== "running" && ended.state !== "succeeded") throw notSucceeded(ended);
    });
}

function defineList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list the last runs")
    .description("Lists the last runs, newest first. For administrators.")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr gc list"))
    .action(async (options) => {
      const answer = await callServer(context, options, GarbageCollectionService, (client) =>
        client.listGarbageCollections({}),
      );
      const { terminal } = context;
      if (options.output === "json")
        return terminal.out(jsonText(ListGarbageCollectionsResponseSchema, answer));
      for (const line of formatTable(header, answer.runs.map(cells))) terminal.out(line);
    });
}

function defineItems(parent: Command, context: CommandContext): void {
  parent
    .command("items")
    .summary("list what a run removed, or would remove")
    .description("Lists the tags, images and blobs of a run, as `mcr gc list` names it. For administrators.")
    .argument("<id>")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr gc items 12"))
    .action(async (id, options) => {
      const items = await callServer(context, options, GarbageCollectionService, (client) =>
        allPages((pageToken) => client.listGarbageCollectionItems({ id, limit: 1_000, pageToken })),
      );
      const { terminal } = context;
      const schema = ListGarbageCollectionItemsResponseSchema;
      if (options.output === "json") return terminal.out(jsonText(schema, create(schema, { items })));
      const rows = items.map(({ kind, repository, name, sizeBytes }) => [
        kind,
        repository === "" ? "-" : repository,
        name,
        sizeText(Number(sizeBytes)),
      ]);
      for (const line of formatTable(["KIND", "REPOSITORY", "NAME", "SIZE"], rows)) terminal.out(line);
    });
}

const header = ["ID", "STARTED", "ENDED", "STATE", "BY", "TAGS", "MANIFESTS", "BLOBS", "FREED", "LOST"];

function cells(run: GarbageCollection): string[] {
  const state = run.dryRun ? `${run.state} (dry run)` : run.state;
  const counts = [run.tagsRemoved, run.manifestsRemoved, run.blobsRemoved].map(String);
  const freed = sizeText(Number(run.bytesFreed));
  return [
    run.id,
    timeText(run.started),
    timeText(run.ended),
    state,
    run.startedBy,
    ...counts,
    freed,
    String(run.blobsMissing),
  ];
}

function foundNothing({ state, tagsRemoved, manifestsRemoved, blobsRemoved }: GarbageCollection): boolean {
  return (
    state === "succeeded" &&
    [tagsRemoved, manifestsRemoved, blobsRemoved].every((count) => Number(count) === 0)
  );
}

function notSucceeded({ state, problem }: GarbageCollection): DetailedError {
  return new DetailedError({
    code: "GARBAGE_COLLECTION_FAILED",
    attempted: "collect garbage",
    found: problem === "" ? `the run was ${state}` : problem,
    remedy: "look at the registry's log, and start another run: nothing that is needed was removed",
  });
}
