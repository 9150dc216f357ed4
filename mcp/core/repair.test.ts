import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  afterAttempt,
  afterSighting,
  begunAnew,
  explainsDrift,
  type Repair,
  repairDelayMs,
  type RepairOutcome,
  type RepairRules,
  type RepairSighting,
} from "./repair.ts";

const minuteMs = 60_000;
const rules: RepairRules = {
  firstDelayMs: 1_000,
  maxDelayMs: 5 * minuteMs,
  jitter: 0.2,
  giveUpAfter: 5,
  wellAfterMs: 10 * minuteMs,
};
const failed: RepairOutcome = { kind: "failed", reason: "no image", log: ["fatal"], looping: false };
const ended: RepairOutcome = { kind: "failed", reason: "it ended", log: [], looping: true };

function look(repair: Repair | undefined, fields: Partial<RepairSighting> = {}): Repair | undefined {
  const usual = { atMs: 0, condition: "drifting", ended: false, looping: false, afterReboot: false } as const;
  return afterSighting(repair, { ...usual, mayRepair: true, random: 0.5, ...fields }, rules);
}

function waiting(fields: Partial<Repair> = {}): Repair {
  const repair = look(undefined) ?? assert.fail("drift is repaired");
  return { ...repair, ...fields };
}

const attempt = (repair: Repair, outcome: RepairOutcome, atMs = 0) =>
  afterAttempt(repair, outcome, { atMs, random: 0.5 }, rules);

describe("the delay before an attempt", () => {
  test("doubles up to its cap", () => {
    const delays = [0, 1, 2, 8, 9, 60].map((attempts) => repairDelayMs(attempts, rules, 0.5));
    assert.deepEqual(delays, [1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
  });

  test("varies by the jitter and no more", () => {
    for (const random of [0, 0.25, 0.999_999]) {
      const delayMs = repairDelayMs(3, rules, random);
      assert.ok(delayMs >= 6_400 && delayMs <= 9_600, String(delayMs));
    }
  });
});

describe("drift", () => {
  test("is repaired after the first delay, where that is wanted", () => {
    assert.equal(look(undefined, { atMs: 50 })?.nextAtMs, 1_050);
    assert.equal(look(undefined, { mayRepair: false }), undefined);
    assert.equal(look(waiting(), { mayRepair: false }), undefined, "the operator changed their mind");
  });

  test("that ends by itself before the first attempt is forgotten", () => {
    assert.equal(look(waiting(), { condition: "as-desired" }), undefined);
  });

  test("stays as it is while nothing is known, and while it waits", () => {
    const repair = waiting({ attempts: 2 });
    assert.equal(look(repair, { condition: "unknown", atMs: 1 }), repair);
    assert.equal(look(repair, { atMs: 1 }), repair);
  });

  test("is not put off by a clock that was set back", () => {
    const repair = waiting({ attempts: 2, nextAtMs: 60 * minuteMs });
    assert.equal(look(repair, { atMs: 56 * minuteMs }), repair);
    assert.equal(look(repair, { atMs: 10 * minuteMs })?.nextAtMs, 10 * minuteMs + 4_000);
  });

  test("that comes back soon after its repair waits longer; once it ran well it starts anew", () => {
    const repaired = attempt(waiting(), { kind: "succeeded" });
    assert.equal(repaired.state, "watching");
    assert.equal(look(repaired, { atMs: minuteMs })?.nextAtMs, minuteMs + 2_000);
    assert.equal(look(repaired, { atMs: 9 * minuteMs, condition: "as-desired" }), repaired);
    const restarted = look(repaired, { atMs: 9 * minuteMs, condition: "as-desired", ended: true });
    assert.equal(restarted?.sinceMs, 9 * minuteMs, "it has to run well from now on");
    assert.equal(look(repaired, { atMs: 10 * minuteMs, condition: "as-desired" }), undefined);
  });

  test("is given up after so many failures, which running well clears", () => {
    let repair = waiting();
    for (let count = 1; count < rules.giveUpAfter; count += 1) {
      repair = attempt(repair, failed);
      assert.equal(repair.state, "waiting");
    }
    repair = attempt(repair, failed);
    assert.deepEqual(
      [repair.state, repair.attempts, repair.nextAtMs, repair.reason, repair.log],
      ["given-up", rules.giveUpAfter, 0, "no image", ["fatal"]],
    );
    assert.equal(look(repair, { atMs: 1 }), repair);
    const runs = look(repair, { atMs: 1, condition: "as-desired" });
    assert.equal(runs?.state, "watching");
    assert.equal(look(runs, { atMs: 2 })?.state, "given-up", "it ended again at once");
    assert.equal(look(runs, { atMs: 1 + rules.wellAfterMs, condition: "as-desired" }), undefined);
  });

  test("whose repair was put off counts no attempt", () => {
    const repair = attempt(waiting(), { kind: "postponed" }, 10);
    assert.deepEqual([repair.attempts, repair.nextAtMs, repair.state], [0, 1_010, "waiting"]);
  });
});

describe("what finished by itself", () => {
  test("is not started, whatever becomes of its container, until it runs again", () => {
    const finished = look(undefined, { condition: "finished" });
    assert.equal(finished?.state, "finished");
    assert.equal(look(finished, { atMs: 1 }), finished, "its container was removed");
    assert.equal(look(finished, { atMs: 1, afterReboot: true }), finished);
    assert.equal(look(finished, { condition: "as-desired" }), undefined);
  });

  test("is told from what the brake stopped", () => {
    const braked = look(undefined, { looping: true });
    assert.equal(look(braked, { condition: "finished" }), braked);
  });
});

describe("a crash loop", () => {
  test("is repaired though drift is not, and tells of its drift itself", () => {
    const braked = look(undefined, { looping: true, mayRepair: false });
    assert.deepEqual([braked?.state, braked?.cause, braked?.nextAtMs], ["waiting", "crash-loop", 1_000]);
    assert.equal(look(braked, { mayRepair: false }), braked);
    assert.ok(braked !== undefined && explainsDrift(braked));
    const repaired = attempt(braked, { kind: "succeeded" });
    const again = look(repaired, { looping: true, mayRepair: false });
    assert.equal(again?.nextAtMs, 2_000);
  });

  test("is found out by an attempt, too", () => {
    assert.equal(attempt(waiting(), ended).cause, "crash-loop");
  });
});

describe("after a reboot", () => {
  test("what should run is started at once, though drift is not repaired, and told of when that fails", () => {
    const repair = look(waiting({ state: "given-up", attempts: 9 }), {
      afterReboot: true,
      mayRepair: false,
      atMs: 7,
    });
    assert.ok(repair !== undefined);
    assert.deepEqual([repair.cause, repair.nextAtMs, repair.attempts], ["reboot", 7, 0]);
    assert.ok(explainsDrift(repair));
    const failure = attempt(repair, failed, 8);
    assert.equal(explainsDrift(failure), false);
    assert.equal(look(failure, { mayRepair: false }), failure, "it is tried again");
    assert.equal(look(undefined, { afterReboot: true, condition: "as-desired" }), undefined);
  });
});

/** The same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe("what somebody else's operation left down", () => {
  const now = { atMs: 9_000, random: 0.5, condition: "drifting" } as const;
  const over = (fields: Partial<Repair>, condition: "drifting" | "as-desired" | "finished" = "drifting") =>
    begunAnew(waiting(fields), { ...now, condition }, rules);

  test("is brought back from the first attempt on, where that does not depend on drift being repaired", () => {
    for (const cause of ["crash-loop", "reboot"] as const) {
      const anew = over({ cause, state: "given-up", attempts: 5, reason: "no image", sinceMs: 7 });
      assert.deepEqual(anew, {
        ...{ state: "waiting", cause, attempts: 0, reason: "", log: [], nextAtMs: 10_000, sinceMs: 7 },
      });
      assert.equal(begunAnew(anew, { ...now, atMs: 9_500 }, rules), anew, "and not put off");
    }
  });

  test("is forgotten where it does, and where nothing is down", () => {
    assert.equal(over({ attempts: 3 }), undefined);
    assert.equal(over({ state: "finished" }, "finished"), undefined);
    assert.equal(over({ cause: "crash-loop", state: "given-up" }, "as-desired"), undefined);
  });
});

test("whatever happens, attempts are bounded, delays grow, and nothing waits without a time", () => {
  for (let seed = 1; seed <= 500; seed += 1) {
    const random = randomFrom(seed);
    const pick = <Value>(values: readonly Value[]): Value =>
      values[Math.floor(random() * values.length)] ?? assert.fail();
    let repair: Repair | undefined;
    let atMs = 1_000_000;
    for (let event = 0; event < 100; event += 1) {
      atMs += Math.floor(random() * 2 * minuteMs);
      const before: Repair | undefined = repair;
      if (repair?.state === "waiting" && repair.nextAtMs <= atMs) {
        const outcome = pick<RepairOutcome>([failed, ended, { kind: "succeeded" }, { kind: "postponed" }]);
        repair = afterAttempt(repair, outcome, { atMs, random: random() }, rules);
      } else {
        const condition = pick(["as-desired", "drifting", "finished", "unknown"] as const);
        const flags = { ended: random() < 0.3, looping: random() < 0.1, afterReboot: random() < 0.02 };
        const sighting = { atMs, condition, ...flags, mayRepair: random() < 0.8, random: random() };
        repair = afterSighting(repair, sighting, rules);
      }
      if (repair === undefined) continue;
      const about = `seed ${seed}, event ${event}: ${JSON.stringify(repair)}`;
      assert.ok(repair.attempts <= rules.giveUpAfter, about);
      assert.equal(repair.nextAtMs !== 0, repair.state === "waiting", about);
      if (repair.state === "given-up") assert.equal(repair.attempts, rules.giveUpAfter, about);
      if (repair.state === "waiting" && repair !== before && repair.cause !== "reboot") {
        assert.ok(repair.nextAtMs - atMs <= rules.maxDelayMs * 1.2, about);
        assert.ok(repair.nextAtMs - atMs >= rules.firstDelayMs * 0.8, about);
      }
    }
  }
});
