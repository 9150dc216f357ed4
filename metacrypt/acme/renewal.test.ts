import assert from "node:assert/strict";
import { test } from "node:test";
import { renewalWindow, serialNumberOf } from "./renewal.ts";

const dayMs = 86_400_000;

test("the window begins at two thirds of the lifetime and is a twelfth of it wide", () => {
  const window = renewalWindow({ notBeforeMs: 0, notAfterMs: 90 * dayMs, revokedAtMs: undefined });
  assert.deepEqual(window, { startMs: 60 * dayMs, endMs: 67.5 * dayMs, retryAfterS: 21_600 });
});

test("clients of short certificates ask more often, at most once a minute", () => {
  const hour = renewalWindow({ notBeforeMs: 0, notAfterMs: dayMs / 24, revokedAtMs: undefined });
  assert.equal(hour.retryAfterS, 180);
  const minute = renewalWindow({ notBeforeMs: 0, notAfterMs: 60_000, revokedAtMs: undefined });
  assert.equal(minute.retryAfterS, 60);
});

test("the window of a revoked certificate is over", () => {
  const window = renewalWindow({ notBeforeMs: 0, notAfterMs: 90 * dayMs, revokedAtMs: dayMs });
  assert.deepEqual([window.startMs, window.endMs], [dayMs - 1_000, dayMs]);
});

test("the id of the RFC's example names its serial number, with and without the zero byte", () => {
  assert.equal(serialNumberOf("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"), "87654321");
  assert.equal(serialNumberOf("aYhba4dGQEHhs3uEe6CuLN4ByNQ.h2VDIQ"), "87654321");
});

test("what is no id names nothing", () => {
  for (const id of ["", "a", "a.", ".a", "a.b.c", "a.AAA=", "a.A", "a/b.AIdlQyE"]) {
    assert.equal(serialNumberOf(id), undefined, id);
  }
});
