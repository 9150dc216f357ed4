import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createReachability } from "./reachability.ts";

const { signal } = new AbortController();

/** A service on a clock that only sleeping and hanging move on. */
function aService(answer: "well" | "refuses" | "hangs" | "is away") {
  let nowMs = 1_000_000;
  const service = {
    answer,
    asked: 0,
    nowMs: () => nowMs,
    pass(durationMs: number) {
      nowMs += durationMs;
    },
    reachability: createReachability({
      now: () => nowMs,
      sleep: (durationMs) => {
        nowMs += durationMs;
        return Promise.resolve();
      },
    }),
    work: (): Promise<string> => {
      service.asked += 1;
      if (service.answer === "well") return Promise.resolve("well");
      if (service.answer === "hangs") nowMs += 5_000;
      const category = {
        refuses: "failed-precondition",
        hangs: "deadline-exceeded",
        "is away": "unavailable",
      } as const;
      const found = service.answer;
      return Promise.reject(
        new DetailedError({ code: "X", category: category[found], attempted: "ask", found }),
      );
    },
  };
  return service;
}

describe("a service of the edge", () => {
  test("that answered moments ago and is away is asked again for seconds", async () => {
    const service = aService("well");
    await service.reachability.callOnce(service.work);
    service.answer = "is away";
    const beganAtMs = service.nowMs();
    await assert.rejects(service.reachability.call(service.work, signal), /is away/);
    assert.equal(service.nowMs() - beganAtMs, 5_000);
  });

  test("that refuses is not asked again", async () => {
    const service = aService("refuses");
    await assert.rejects(service.reachability.call(service.work, signal), /refuses/);
    assert.equal(service.asked, 1);
  });

  test("is not waited for any longer where the clock was set back meanwhile", async () => {
    const service = aService("well");
    await service.reachability.callOnce(service.work);
    service.answer = "is away";
    service.pass(-86_400_000);
    const beganAtMs = service.nowMs();
    await assert.rejects(service.reachability.call(service.work, signal), /is away/);
    assert.ok(service.nowMs() - beganAtMs <= 5_000);
    service.answer = "hangs";
    await assert.rejects(service.reachability.callOnce(service.work), /hangs/);
    service.answer = "well";
    service.pass(-86_400_000);
    assert.equal(await service.reachability.callOnce(service.work), "well");
  });

  test("that hangs holds up the first of many calls only", async () => {
    const service = aService("hangs");
    const beganAtMs = service.nowMs();
    for (let calls = 0; calls < 50; calls += 1) {
      await assert.rejects(service.reachability.call(service.work, signal), /hangs/);
    }
    assert.equal(service.nowMs() - beganAtMs, 5_000);
    assert.equal(service.asked, 1);
  });

  test("that hung is asked again after some seconds", async () => {
    const service = aService("hangs");
    await assert.rejects(service.reachability.callOnce(service.work), /hangs/);
    service.answer = "well";
    await assert.rejects(service.reachability.callOnce(service.work), /hangs/);
    service.pass(5_000);
    assert.equal(await service.reachability.callOnce(service.work), "well");
  });
});
