import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { text } from "node:stream/consumers";

/** Runs every check of the sources, or those named, and says for each that fails what to do about it.
 *
 *   node scripts/check.ts [name ...] */
interface Check {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** What the reader does when it fails. */
  readonly remedy: string;
}

interface Outcome {
  readonly check: Check;
  readonly passed: boolean;
  readonly output: string;
  readonly durationMs: number;
}

const generators = globSync("scripts/generate-*.ts").toSorted();

const checks: readonly Check[] = [
  { name: "types", argv: ["tsc", "-p", "."], remedy: "mend the types" },
  {
    name: "lint",
    argv: ["oxlint", "--type-aware", "--deny-warnings", "--format=unix"],
    remedy: "mend what the rule says; `make format` mends some by itself",
  },
  {
    name: "unused",
    argv: ["knip", "--no-config-hints"],
    remedy: "delete what nothing uses, or take its `export` away",
  },
  { name: "format", argv: ["oxfmt", "--check"], remedy: "run `make format`" },
  { name: "layout", argv: ["node", "scripts/check-layout.ts"], remedy: 'see "Layout" in CONTRIBUTING.md' },
  { name: "contract", argv: ["buf", "lint", "proto"], remedy: "mend the .proto file" },
  {
    name: "generated-code",
    argv: ["node", "scripts/check-generated.ts"],
    remedy: "run `make generate` and commit what it wrote",
  },
  {
    name: "error-codes",
    argv: ["node", "scripts/check-error-codes.ts"],
    remedy: "keep docs/errors.md and the codes in the sources the same",
  },
  {
    name: "links",
    argv: ["node", "scripts/check-links.ts"],
    remedy: "correct the link or the path, or the heading that it names",
  },
  ...generators.map((script): Check => ({
    name: script.replace("scripts/generate-", "generated-").replace(".ts", ""),
    argv: ["node", script, "--check"],
    remedy: "run `make generate` and commit what it wrote",
  })),
];

async function execute(check: Check): Promise<Outcome> {
  const startedAt = performance.now();
  const [command, ...args] = check.argv;
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<boolean>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve(exitCode === 0));
  });
  const [passed, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { check, passed, output: stdout + stderr, durationMs: performance.now() - startedAt };
}

function report({ check, passed, output, durationMs }: Outcome): void {
  const seconds = (durationMs / 1000).toFixed(1);
  if (passed) {
    console.log(`ok      ${check.name} (${seconds} s)`);
    return;
  }
  console.log(`FAILED  ${check.name} (${seconds} s): ${check.argv.join(" ")}\n`);
  console.log(`${output.trim()}\n\n${check.name}: ${check.remedy}\n`);
}

const names = process.argv.slice(2);
const waiting = checks.filter(({ name }) => names.length === 0 || names.includes(name));
const unknown = names.filter((name) => !checks.some((check) => check.name === name));
for (const name of unknown) {
  console.error(`no check is named ${name}; there are ${checks.map((check) => check.name).join(", ")}`);
  process.exitCode = 2;
}

async function work(): Promise<void> {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    const outcome = await execute(check);
    report(outcome);
    if (!outcome.passed) process.exitCode ??= 1;
  }
}
if (unknown.length === 0) await Promise.all(Array.from({ length: availableParallelism() }, work));
