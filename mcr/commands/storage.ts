import { join } from "node:path";
import { type Command, Option } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import { loadRegistryConfig } from "../config.ts";
import type { CopyCounts, CopyResult } from "../copy/copy-blobs.ts";
import { type CommandContext, configOption } from "./context.ts";

const progressEveryMs = 5_000;

export function defineStorage(parent: Command, context: CommandContext): void {
  const storage = parent.command("storage").description("Works with the blobs' stores.");
  storage
    .command("copy")
    .summary("copy all blobs from the files into the S3 store, or back")
    .description(
      "Copies what the other store lacks; each blob is verified by its digest on the way. The server may run meanwhile: stop it " +
        "then, copy once more, which is quick, change [storage] type, and start it. Run it again after any failure: it goes on.",
    )
    .addOption(
      new Option("--to <type>", "the store to copy to, as [storage] of the configuration describes it")
        .choices(["file", "s3"] as const)
        .makeOptionMandatory(),
    )
    .option("--dry-run", "say what would be copied, and change nothing", false)
    .addOption(configOption())
    .addHelpText(
      "after",
      examples(
        "mcr storage copy --to s3 --dry-run",
        "mcr storage copy --to s3",
        "mcr storage copy --to file",
      ),
    )
    .action(async ({ to, dryRun, config: file }) => {
      const result = await copy(context, { to, dryRun, file });
      context.terminal.out(summaryOf(result, dryRun));
      if (result.failed > 0) throw incomplete(result);
    });
}

async function copy(
  { environment, clock, terminal }: CommandContext,
  { to, dryRun, file }: { readonly to: "file" | "s3"; readonly dryRun: boolean; readonly file: string },
): Promise<CopyResult> {
  const config = loadRegistryConfig(file, environment);
  // The other commands should not wait until all of this has loaded.
  const [{ copyBlobs }, { openStaging }, { openBlobs }] = await Promise.all([
    import("../copy/copy-blobs.ts"),
    import("../copy/staging.ts"),
    import("../stores.ts"),
  ]);
  const { storage } = config;
  const stopping = new AbortController();
  await using stack = new AsyncDisposableStack();
  stack.use(stopOnSignal(stopping));
  const source = stack.use(await openBlobs(storage, to === "s3" ? "file" : "s3", clock));
  const target = stack.use(await openBlobs(storage, to, clock));
  const staging = stack.use(await openStaging(join(storage.directory, "copying"), storage.min_free_bytes));
  let toldAtMs = clock.now();
  const onProgress = (counts: CopyCounts): void => {
    if (clock.now() - toldAtMs < progressEveryMs) return;
    toldAtMs = clock.now();
    terminal.say(`${counts.seen} seen, ${summaryOf(counts, dryRun)}`);
  };
  return await copyBlobs({ source, target, staging, dryRun, signal: stopping.signal, onProgress });
}

function stopOnSignal(stopping: AbortController): Disposable {
  const stop = (): void =>
    stopping.abort(
      new DetailedError({
        code: "CANCELLED",
        category: "cancelled",
        attempted: "copy blobs",
        found: "it was asked to stop",
        remedy: "run it again: it goes on with what is missing",
      }),
    );
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, stop);
  return {
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}

function summaryOf({ present, copied, copiedBytes, gone, failed }: CopyCounts, dryRun: boolean): string {
  return [
    `${copied} blobs (${sizeText(copiedBytes)}) ${dryRun ? "to copy" : "copied"}`,
    `${present} there already`,
    ...(gone > 0 ? [`${gone} deleted meanwhile`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ].join(", ");
}

function incomplete({ failed, failures }: CopyResult): DetailedError {
  return new DetailedError({
    code: "STORAGE_COPY_INCOMPLETE",
    category: "unavailable",
    attempted: "copy blobs",
    found: `${failed} were not copied: ${failures.map(messageOf).join("; ")}`,
    remedy: "mend what is said of them, and copy once more: the others are not sent again",
    cause: failures[0],
  });
}
