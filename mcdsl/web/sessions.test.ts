import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { Sessions, type SessionLimits } from "./sessions.ts";

function sessionsAt(limits: SessionLimits = {}) {
  const clock = { nowMs: 1_000_000, now: () => clock.nowMs };
  return { clock, sessions: new Sessions<string>(clock, limits) };
}

describe("sessions", () => {
  test("are found by the id that the browser has, and by nothing that the server keeps", () => {
    const { sessions } = sessionsAt();
    const id = sessions.begin("alice", "data");
    assert.match(id, /^[\w-]{43}$/);
    assert.equal(sessions.find(id)?.data, "data");
    assert.ok(!inspect(sessions, { depth: 9, showHidden: true }).includes(id));
    assert.equal(sessions.find(id.replace(/.$/, "_")), undefined);
  });

  test("have ids and form tokens of their own", () => {
    const { sessions } = sessionsAt();
    const ids = Array.from({ length: 10 }, () => sessions.begin("alice", ""));
    const tokens = ids.map((id) => sessions.find(id)?.formToken);
    assert.equal(new Set([...ids, ...tokens]).size, 20);
  });

  test("end when nobody uses them for long enough, and not before", () => {
    const { sessions, clock } = sessionsAt({ idleMs: 1_000 });
    const id = sessions.begin("alice", "");
    clock.nowMs += 999;
    assert.ok(sessions.find(id));
    clock.nowMs += 999;
    assert.ok(sessions.find(id));
    clock.nowMs += 1_000;
    assert.equal(sessions.find(id), undefined);
    assert.equal(sessions.size, 0);
  });

  test("end some time however much they are used", () => {
    const { sessions, clock } = sessionsAt({ idleMs: 1_000, absoluteMs: 2_000 });
    const id = sessions.begin("alice", "");
    for (let step = 0; step < 4; step++) {
      assert.ok(sessions.find(id), `step ${step}`);
      clock.nowMs += 500;
    }
    assert.equal(sessions.find(id), undefined);
  });

  test("are bounded in number, in all and for one account; the ones used last stay", () => {
    const { sessions } = sessionsAt({ maxSessions: 4, maxPerOwner: 2 });
    const [first, second] = [sessions.begin("alice", "1"), sessions.begin("alice", "2")];
    sessions.find(first);
    const third = sessions.begin("alice", "3");
    assert.deepEqual(
      [first, second, third].map((id) => sessions.find(id)?.data),
      ["1", undefined, "3"],
    );
    for (const owner of ["bob", "carol", "dave"]) sessions.begin(owner, "");
    assert.equal(sessions.size, 4);
    assert.equal(sessions.find(first), undefined);
    assert.ok(sessions.find(third));
  });

  test("end at logout", () => {
    const { sessions } = sessionsAt();
    const id = sessions.begin("alice", "");
    sessions.end(id);
    assert.equal(sessions.find(id), undefined);
  });
});
