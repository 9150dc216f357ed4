import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { fine } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check, Patient } from "./check.ts";
import { diagnose } from "./diagnose.ts";

const signal = AbortSignal.timeout(10_000);
const good: Check = { name: "good", run: () => [fine("it", "is well")] };

/** Its time limits are over at once. */
const impatient: Clock = { now: () => 0, sleep: () => Promise.resolve() };
const patient = (clock: Clock = systemClock): Patient => ({ clock }) as Patient;

test("a check that throws hides no other, and says why nothing is known", async () => {
  const bad: Check = {
    name: "bad",
    run: () => {
      throw new DetailedError({
        code: "X",
        attempted: "look",
        subject: "/srv",
        found: "it is gone",
        remedy: "mount it",
      });
    },
  };
  const worse: Check = { name: "worse", run: () => Promise.reject(new TypeError("a defect")) };
  assert.deepEqual(await diagnose([bad, good, worse], patient(), signal), [
    { check: "bad", severity: "unknown", subject: "/srv", found: "it is gone", remedy: "mount it" },
    { check: "good", severity: "ok", subject: "it", found: "is well", remedy: "" },
    {
      check: "worse",
      severity: "unknown",
      subject: "",
      found: "the check worse failed: a defect",
      remedy: "report it, with the agent's log: journalctl -u mcp-agent",
    },
  ]);
});

test("a check that does not end is given up and told so", async () => {
  let ended: AbortSignal | undefined;
  const slow: Check = {
    name: "slow",
    run: (_, own) => {
      ended = own;
      return new Promise(() => {});
    },
  };
  const [found] = await diagnose([slow], patient(impatient), signal);
  assert.deepEqual([found?.severity, found?.found], ["unknown", "the check did not end within 8 s"]);
  assert.equal(ended?.aborted, true);
});

test("findings come in the order of the checks, however long each takes", async () => {
  const waits = [3, 1, 2, 0, 3, 1, 2, 0, 1];
  const checks = waits.map((wait, index): Check => ({
    name: String(index),
    async run() {
      for (let turn = 0; turn < wait; turn += 1) await Promise.resolve();
      return [fine("", "")];
    },
  }));
  const found = await diagnose(checks, patient(), signal);
  assert.deepEqual(
    found.map(({ check }) => check),
    waits.map((_, index) => String(index)),
  );
});

test("a caller that has gone away ends the diagnosis", async () => {
  await assert.rejects(diagnose([good], patient(), AbortSignal.abort()), { name: "AbortError" });
});
