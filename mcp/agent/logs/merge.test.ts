import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { aContainer } from "@metacircular/testkit/container-request.ts";
import { createMemoryRuntime } from "@metacircular/testkit/memory-runtime.ts";
import type { LogEntry } from "../runtime/runtime.ts";
import type { ComponentLogLine, LogsQuery } from "./logs-query.ts";
import { batches, mergedLogs } from "./merge.ts";

type Output = (signal: AbortSignal | undefined) => AsyncIterable<LogEntry>;

/** Components of service `hello` that print this. */
async function aQuery(
  printing: Readonly<Record<string, Output>>,
  fields: Partial<LogsQuery> = {},
): Promise<LogsQuery> {
  const runtime = createMemoryRuntime({ directory: "/", now: () => Date.now() });
  for (const [component, output] of Object.entries(printing)) {
    const name = `hello-${component}`;
    await runtime.create(aContainer({ name }));
    runtime.printing.set(name, output);
  }
  return {
    service: "hello",
    components: Object.keys(printing),
    follow: false,
    runtime,
    clock: systemClock,
    signal: new AbortController().signal,
    ...fields,
  };
}

const entry = (timestampMs: number, text = String(timestampMs)): LogEntry => ({
  timestampMs,
  stream: "stdout",
  text,
});

function printed(...timesMs: readonly number[]): Output {
  return async function* () {
    yield* await Promise.resolve(timesMs.map((timeMs) => entry(timeMs)));
  };
}

const failing: Output = async function* () {
  yield await Promise.resolve(entry(1));
  throw new Error("the runtime is gone");
};

/** Follows a container that prints nothing more; counts those that have begun and not ended. */
function createSilence(...timesMs: readonly number[]): { output: Output; open: () => number } {
  let open = 0;
  return {
    open: () => open,
    async *output(signal) {
      open += 1;
      try {
        yield* timesMs.map((timeMs) => entry(timeMs));
        if (signal?.aborted === false) await once(signal, "abort");
      } finally {
        open -= 1;
      }
    },
  };
}

async function take(lines: AsyncIterable<ComponentLogLine>, count = Infinity): Promise<string[]> {
  const taken: string[] = [];
  for await (const { component, text } of lines) {
    taken.push(`${component} ${text}`);
    if (taken.length >= count) break;
  }
  return taken;
}

test("lines of several components come in the order of their times", async () => {
  const query = await aQuery({
    api: printed(1, 4, 5),
    web: printed(2, 3, 9),
    cron: printed(),
    log: printed(7),
  });
  const expected = ["api 1", "web 2", "web 3", "api 4", "api 5", "log 7", "web 9"];
  assert.deepEqual(await take(mergedLogs(query)), expected);
});

describe("a follower", { timeout: 120_000 }, () => {
  test("should get 2,000 lines within 2 s beside a component that is silent", async () => {
    const tookMs: number[] = [];
    // A machine that is busy with something else is late once, but not each time.
    while (tookMs.length < 5 && Math.min(...tookMs) >= 2_000) {
      const nowMs = Date.now();
      const chatty = printed(...Array.from({ length: 2_000 }, (_, index) => nowMs + (index % 2)));
      const silent = createSilence();
      const query = await aQuery({ api: chatty, web: silent.output }, { follow: true });
      const startedAtMs = performance.now();
      assert.equal((await take(mergedLogs(query), 2_000)).length, 2_000);
      tookMs.push(performance.now() - startedAtMs);
      assert.equal(silent.open(), 0);
    }
    assert.ok(Math.min(...tookMs) < 2_000, `${tookMs.join(", ")} ms`);
  });

  test("should get lines that come at about the same time in order", async () => {
    let nowMs = Date.now();
    const late: Output = async function* () {
      await systemClock.sleep(10);
      yield entry(nowMs, "late");
      nowMs += 1_000;
    };
    // The time stands still until it has come, however late that is.
    const clock = { ...systemClock, now: () => nowMs };
    const apiMs = nowMs + 5;
    const query = await aQuery({ api: printed(apiMs), web: late }, { follow: true, clock });
    assert.deepEqual(await take(mergedLogs(query), 2), ["web late", `api ${apiMs}`]);
  });

  test("should get the error of one component at once, and leave nothing open", async () => {
    const silent = createSilence(2);
    const query = await aQuery({ api: failing, web: silent.output }, { follow: true });
    await assert.rejects(take(mergedLogs(query)), /the runtime is gone/u);
    assert.equal(silent.open(), 0);
  });

  test("should leave nothing open when it goes", async () => {
    const silences = [createSilence(1), createSilence(2), createSilence()];
    const [api, web, cron] = silences.map(({ output }) => output) as [Output, Output, Output];
    const query = await aQuery({ api, web, cron }, { follow: true });
    assert.deepEqual(await take(mergedLogs(query), 2), ["api 1", "web 2"]);
    assert.deepEqual(
      silences.map(({ open }) => open()),
      [0, 0, 0],
    );
  });

  test("should leave nothing open when it is cancelled while it waits", async () => {
    const gone = new AbortController();
    const silences = [createSilence(1), createSilence()];
    const [api, web] = silences.map(({ output }) => output) as [Output, Output];
    const query = await aQuery({ api, web }, { follow: true, signal: gone.signal });
    const received: string[] = [];
    const reading = (async () => {
      for await (const batch of batches(mergedLogs(query), gone.signal)) {
        received.push(...batch.map(({ text }) => text));
        setImmediate(() => gone.abort());
      }
    })();
    await reading.catch((error: unknown) => assert.equal(error, gone.signal.reason));
    assert.deepEqual(received, ["1"]);
    assert.deepEqual(
      silences.map(({ open }) => open()),
      [0, 0],
    );
  });
});

test("lines that are there together are one batch, of at most 256", async () => {
  const query = await aQuery({ api: printed(...Array.from({ length: 600 }, (_, index) => index)) });
  const sizes: number[] = [];
  for await (const batch of batches(mergedLogs(query), query.signal)) sizes.push(batch.length);
  assert.deepEqual(sizes, [256, 256, 88]);
});
