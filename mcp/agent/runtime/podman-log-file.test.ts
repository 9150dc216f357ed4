import assert from "node:assert/strict";
import { appendFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { type LogOptions, readLogFile } from "./podman-log-file.ts";
import type { LogEntry } from "./runtime.ts";

const startMs = Date.parse("2026-11-21T06:00:00.000Z");
const line = (index: number): string => `${new Date(startMs + index).toISOString()} stdout F line ${index}\n`;
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => line(from + index)).join("");

async function logFile(t: TestContext, content: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "mcp-log-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "ctr.log");
  await writeFile(path, content);
  return path;
}

async function read(path: string, options: Omit<LogOptions, "follow">): Promise<string[]> {
  const texts: string[] = [];
  const never = new AbortController().signal;
  for await (const entry of readLogFile(path, { follow: false, ...options }, systemClock, never)) {
    texts.push(entry.text);
  }
  return texts;
}

/** The text of the next entry; undefined at the end. */
async function next(entries: AsyncGenerator<LogEntry, void>): Promise<string | undefined> {
  const result = await entries.next();
  return result.done === true ? undefined : result.value.text;
}

describe("a log file", () => {
  test("is read from its beginning, and its last line without an end too", async (t) => {
    const path = await logFile(t, `${lines(1, 2)}${line(3).replace(" F ", " P ")}`);
    assert.deepEqual(await read(path, {}), ["line 1", "line 2", "line 3"]);
  });

  for (const tail of [0, 1, 3, 20_000, 30_000]) {
    test(`of 20,000 lines shows its last ${tail}`, async (t) => {
      const path = await logFile(t, lines(1, 20_000));
      const shown = await read(path, { tail });
      const count = Math.min(tail, 20_000);
      assert.equal(shown.length, count);
      assert.equal(shown.at(-1), count === 0 ? undefined : "line 20000");
      assert.equal(shown[0], count === 0 ? undefined : `line ${20_001 - count}`);
    });
  }

  test("shows what is not older than asked", async (t) => {
    const path = await logFile(t, lines(1, 10));
    assert.deepEqual(await read(path, { sinceMs: startMs + 9 }), ["line 9", "line 10"]);
    assert.deepEqual(await read(path, { sinceMs: startMs + 9, tail: 1 }), ["line 10"]);
  });
});

describe("a followed log file", () => {
  test("goes on with what is appended, after a rotation, and ends when it is removed", async (t) => {
    const path = await logFile(t, lines(1, 3));
    const entries = readLogFile(path, { follow: true, tail: 1 }, systemClock, t.signal);
    assert.equal(await next(entries), "line 3");
    await appendFile(path, lines(4, 5));
    assert.deepEqual([await next(entries), await next(entries)], ["line 4", "line 5"]);
    await writeFile(`${path}.tmp`, line(6));
    await rename(`${path}.tmp`, path);
    assert.equal(await next(entries), "line 6");
    await rm(path);
    assert.equal(await next(entries), undefined);
  });

  test("ends at an abort without an error", async (t) => {
    const path = await logFile(t, line(1));
    const aborter = new AbortController();
    const entries = readLogFile(path, { follow: true }, systemClock, aborter.signal);
    assert.equal(await next(entries), "line 1");
    const end = next(entries);
    aborter.abort();
    assert.equal(await end, undefined);
  });
});
