import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeExpiry } from "./certificate-expiry.ts";

const nowMs = Date.UTC(2026, 10, 21);
const dayMs = 86_400_000;

for (const [what, validFromMs, validToMs, severity, found] of [
  ["has time", nowMs - dayMs, nowMs + 90 * dayMs, "ok", /valid for 90 more days/],
  ["ends soon", nowMs - dayMs, nowMs + 1.5 * dayMs, "warning", /valid for 1 more day, until 2026-11-22T12/],
  ["ends in 14 days", nowMs, nowMs + 14 * dayMs, "ok", /valid for 14 more days/],
  ["ends sooner than in 14 days", nowMs, nowMs + 14 * dayMs - 1, "warning", /valid for 13 more days/],
  ["ends now", nowMs - dayMs, nowMs, "problem", /expired at 2026-11-21T00/],
  ["is of the future", nowMs + dayMs, nowMs + 2 * dayMs, "problem", /only from 2026-11-22T00/],
] as const) {
  test(`a certificate that ${what} is ${severity}`, () => {
    const judged = judgeExpiry("cert.pem", { validFromMs, validToMs, nowMs }, "renew it");
    assert.equal(judged.severity, severity);
    assert.match(judged.found, found);
    assert.equal(judged.remedy === "", severity === "ok");
  });
}
