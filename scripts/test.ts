import { once } from "node:events";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { endHangingFiles } from "./hanging-files.ts";

/** Runs the project's tests, unit tests before integration tests, with one closing summary on stdout.
 *
 *   node scripts/test.ts [--name pattern] [--concurrency n] [--limit seconds] [file or folder ...]
 *
 * Fails when a test fails, when a file holds no test, and when no test ran. */
const { values: options, positionals } = parseArgs({
  options: { name: { type: "string" }, concurrency: { type: "string" }, limit: { type: "string" } },
  allowPositionals: true,
});

/** A test that is still running after this long hangs, on a slow and busy machine too: the longest takes a third of it. */
const limitMs = Number(options.limit ?? 15 * 60) * 1_000;

/** Many files wait more than they compute: for containers, for timers, for servers. So one more than there are processors
 * runs at a time. */
const concurrency = Math.min(availableParallelism() + 1, 4);

// Each file is a process, and most of its start is reading the same modules.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("../.cache/compiled", import.meta.url));

const isIntegration = (file: string): boolean => file.includes("/test/");
const filesIn = (path: string): string[] =>
  path.endsWith(".ts") ? [path] : globSync(`${path}/**/*.test.ts`, { exclude: ["**/node_modules"] });

const paths = positionals.length === 0 ? ["."] : positionals;
const files = paths
  .flatMap(filesIn)
  .toSorted((a, b) => Number(isIntegration(a)) - Number(isIntegration(b)) || a.localeCompare(b));

let passed = 0;
let failed = 0;
const withoutTests: string[] = [];
const tests = run({
  files,
  concurrency: Number(options.concurrency ?? concurrency),
  timeout: limitMs,
  ...(options.name === undefined ? {} : { testNamePatterns: [options.name] }),
});
endHangingFiles(tests, limitMs);
tests.on("test:fail", () => {
  failed++;
});
tests.on("test:pass", ({ name }) => {
  // A file that ends without having run a test is reported as a passed test of its own name.
  if (files.includes(name)) withoutTests.push(name);
  else passed++;
});
const report = tests.compose(new spec());
report.pipe(process.stdout);
await once(report, "end");

if (options.name === undefined) {
  for (const file of withoutTests) console.error(`${file} holds no test; write one or delete the file`);
}
if (passed + failed === 0) console.error(`no test ran: nothing in ${paths.join(" ")} matches`);
if (failed > 0 || passed === 0 || (options.name === undefined && withoutTests.length > 0))
  process.exitCode = 1;
