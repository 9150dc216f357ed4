import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { canary, createFilesFixture, type FilesFixture } from "./files-fixture.ts";
import { treeOf } from "./tree.ts";

const rounds = 10_000;
const atATime = 4;
const path = "mid/inner/file.txt";

interface Outcomes {
  readonly push: Map<string, number>;
  readonly pull: Map<string, number>;
}

test(`links swapped in during ${rounds} pushes and pulls lead nowhere`, async (t) => {
  await using fixture = await createFilesFixture();
  const { servicesDir, outside } = fixture;
  for (const directory of [join(servicesDir, "web"), outside]) {
    await mkdir(join(directory, "mid/inner"), { recursive: true });
    await writeFile(join(directory, path), directory === outside ? canary : "pushed 0\n");
  }
  const before = await treeOf(outside);
  await using swapper = await startSwapper(servicesDir);
  const outcomes: Outcomes = { push: new Map(), pull: new Map() };
  let round = 0;
  async function work(): Promise<void> {
    while (round < rounds) {
      round += 1;
      await oneRound(fixture, round, outcomes);
    }
  }
  await Promise.all(Array.from({ length: atATime }, work));
  const swaps = await swapper.end();
  t.diagnostic(JSON.stringify({ swaps, push: [...outcomes.push], pull: [...outcomes.pull] }));
  for (const [what, count] of Object.entries(swaps)) assert.ok(count > 1_000, `${what}: ${count} swaps`);
  for (const [action, counts] of Object.entries(outcomes) as [string, Map<string, number>][]) {
    for (const outcome of ["done", "FILE_PATH_REFUSED"]) {
      assert.ok((counts.get(outcome) ?? 0) > 100, `${action}: ${JSON.stringify([...counts])}`);
    }
    assert.equal(counts.get("canary"), undefined);
  }
  assert.deepEqual(await treeOf(outside), before);
  assert.deepEqual(fixture.registry.uploads.all(), []);
  const left = (await treeOf(servicesDir)).filter((line) => line.includes(".mcp-upload-"));
  assert.deepEqual(left, []);
});

async function oneRound(fixture: FilesFixture, round: number, outcomes: Outcomes): Promise<void> {
  count(outcomes.push, await codeOf(fixture.push("web", path, `pushed ${round}\n`)));
  let text = "";
  const code = await codeOf(
    fixture.pull("web", path).then((content) => {
      text = content;
    }),
  );
  count(outcomes.pull, text === canary ? "canary" : code);
  if (code === "done") assert.match(text, /^pushed \d+\n$/);
}

function count(counts: Map<string, number>, outcome: string): void {
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    if (error instanceof DetailedError) return error.code;
    throw error;
  }
}

/** Starts another process that swaps links in and out. */
async function startSwapper(
  servicesDir: string,
): Promise<AsyncDisposable & { end(): Promise<Record<string, number>> }> {
  const script = join(import.meta.dirname, "swap-links.py");
  const child = spawn("python3", [script, servicesDir], { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const closed = once(child, "close");
  await Promise.race([once(child.stdout, "data"), closed]);
  return {
    async end() {
      child.stdin.end();
      await closed;
      return JSON.parse(output.replace("swapping\n", "")) as Record<string, number>;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}
