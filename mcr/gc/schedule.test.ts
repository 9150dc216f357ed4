import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { type GcRun, nothing } from "./run.ts";
import { collectRegularly } from "./schedule.ts";

const beginMs = 1_700_000_000_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

interface Situation {
  /** What is in the database at the start: when it began after the start of the server, and how it ended. */
  readonly before?: readonly (Pick<GcRun, "state"> & { readonly atMs: number; readonly dryRun?: boolean })[];
  /** What becomes of the runs; the last one is for all that follow. Default: they succeed. */
  readonly outcomes?: readonly (GcRun["state"] | Error)[];
  readonly random?: number;
  /** Happens when somebody sleeps until then. */
  readonly elsewhere?: { readonly atMs: number; readonly state: GcRun["state"] };
}

/** @returns when the first runs begin, from the start of the server, and what is logged */
async function begins(count: number, situation: Situation) {
  const { before = [], outcomes = ["succeeded"], random = 0, elsewhere } = situation;
  const over = new AbortController();
  const runs: GcRun[] = [];
  const note = (atMs: number, state: GcRun["state"], dryRun = false): GcRun => {
    const [id, startedAtMs] = [runs.length + 1, beginMs + atMs];
    const run = { ...nothing, id, by: "test", dryRun, state, startedAtMs, endedAtMs: 0, error: "" };
    runs.unshift(run);
    return run;
  };
  for (const { atMs, state, dryRun } of before) note(atMs, state, dryRun);
  const found: number[] = [];
  const warnings: unknown[] = [];
  let nowMs = beginMs;
  const clock = {
    now: () => nowMs,
    async sleep(durationMs: number, signal?: AbortSignal) {
      signal?.throwIfAborted();
      const wasMs = nowMs;
      nowMs += durationMs;
      const otherMs = beginMs + (elsewhere?.atMs ?? -1);
      if (elsewhere !== undefined && wasMs < otherMs && otherMs <= nowMs)
        note(elsewhere.atMs, elsewhere.state);
      assert.ok(nowMs < beginMs + 100 * dayMs, "it waits for ever");
      await Promise.resolve();
    },
  };
  const quiet = (): undefined => undefined;
  const logger: Logger = {
    ...{ debug: quiet, info: quiet, error: quiet, child: () => logger },
    warn: (fields: { readonly error?: unknown }) => void warnings.push(fields.error),
  };
  const collector = {
    runs: async (limit: number) => runs.slice(0, limit),
    async run({ dryRun, by }: { dryRun: boolean; by: string }) {
      assert.deepEqual([dryRun, by], [false, "schedule"]);
      const outcome = outcomes[Math.min(found.length, outcomes.length - 1)] ?? "succeeded";
      found.push(nowMs - beginMs);
      if (found.length === count) over.abort(new Error("enough"));
      if (outcome instanceof Error) throw outcome;
      return note(nowMs - beginMs, outcome);
    },
  };
  const { signal } = over;
  await collectRegularly(collector, { intervalMs: dayMs, clock, logger, signal, random: () => random });
  return { found, warnings };
}

const situations: Record<string, Situation & { readonly expected: readonly number[] }> = {
  "a minute after the first start, and then every interval": {
    expected: [minuteMs, minuteMs + dayMs, minuteMs + 2 * dayMs],
  },
  "when the last run is an interval ago, across a restart": {
    before: [{ atMs: -hourMs, state: "succeeded" }],
    expected: [dayMs - hourMs, 2 * dayMs - hourMs],
  },
  "soon after a long time without a server": {
    before: [{ atMs: -9 * dayMs, state: "succeeded" }],
    expected: [minuteMs],
  },
  "whatever dry runs there were": {
    before: [{ atMs: -hourMs, state: "succeeded", dryRun: true }],
    expected: [minuteMs],
  },
  "soon after a run whose process died": {
    before: [{ atMs: -hourMs, state: "interrupted" }],
    expected: [minuteMs, minuteMs + dayMs],
  },
  "soon after a run that a stop of the server cancelled": {
    before: [{ atMs: -hourMs, state: "cancelled" }],
    expected: [minuteMs],
  },
  "an hour after a run that failed": {
    outcomes: ["failed", "failed", "succeeded"],
    expected: [minuteMs, minuteMs + hourMs, minuteMs + 2 * hourMs, minuteMs + 2 * hourMs + dayMs],
  },
  "later by chance, by a tenth of the interval at most": {
    random: 1,
    expected: [minuteMs + dayMs / 10, minuteMs + 1.2 * dayMs],
  },
  "not where another server did it meanwhile": {
    before: [{ atMs: -hourMs, state: "succeeded" }],
    elsewhere: { atMs: dayMs - 2 * hourMs, state: "succeeded" },
    expected: [2 * dayMs - 2 * hourMs],
  },
  "soon where the clock was set back since the last run": {
    before: [{ atMs: 365 * dayMs, state: "succeeded" }],
    expected: [minuteMs, minuteMs + dayMs],
  },
};

describe("garbage is collected", () => {
  for (const [name, { expected, ...situation }] of Object.entries(situations)) {
    test(name, async () => {
      const { found, warnings } = await begins(expected.length, situation);
      assert.deepEqual(found, expected);
      assert.deepEqual(warnings, []);
    });
  }

  test("a minute later where a run could not begin, and that is said", async () => {
    const refused = new Error("run 7 is under way");
    const { found, warnings } = await begins(3, { outcomes: [refused, refused, "succeeded"] });
    assert.deepEqual(found, [minuteMs, 2 * minuteMs, 3 * minuteMs]);
    assert.deepEqual(warnings, [refused, refused]);
  });

  test("no more once the server stops", async () => {
    const stopped = AbortSignal.abort(new Error("the service ends"));
    await collectRegularly(
      { runs: () => assert.fail("asked"), run: () => assert.fail("ran") },
      {
        intervalMs: dayMs,
        clock: {
          now: () => 0,
          sleep: async (_, signal) => signal?.throwIfAborted(),
        },
        logger: { child: () => assert.fail() } as unknown as Logger,
        signal: stopped,
      },
    );
  });
});
