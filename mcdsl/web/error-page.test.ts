import assert from "node:assert/strict";
import { test } from "node:test";
import { DetailedError, type ErrorCategory } from "../errors.ts";
import { failurePage, notFound } from "./error-page.ts";

function failure(category: ErrorCategory, code = "X"): DetailedError {
  return new DetailedError({ code, category, attempted: "try", found: "it <b>broke</b>", remedy: "mend it" });
}

test("a failure has the status of its kind, and says what was found and what to do", () => {
  const table: readonly (readonly [ErrorCategory, number])[] = [
    ["invalid-argument", 400],
    ["permission-denied", 403],
    ["not-found", 404],
    ["failed-precondition", 409],
    ["resource-exhausted", 429],
    ["unavailable", 503],
  ];
  for (const [category, status] of table) {
    const shown = failurePage(failure(category), "n-1");
    assert.equal(shown.status, status, category);
    assert.notEqual(shown.title, "");
    assert.match(shown.page.toString(), /It &lt;b&gt;broke&lt;\/b&gt;\.[\s\S]*Mend it\./);
  }
  assert.equal(failurePage(failure("invalid-argument", "REQUEST_TOO_LARGE"), "").status, 413);
  assert.equal(failurePage(notFound(), "").status, 404);
});

test("of what nobody foresaw only the number is told by which the log has it", () => {
  for (const thrown of [new Error("secret"), failure("internal", "SECRET"), "secret", undefined]) {
    const { status, page } = failurePage(thrown, "n-1");
    assert.equal(status, 500);
    assert.match(page.toString(), /n-1/);
    assert.doesNotMatch(page.toString(), /secret|broke/i);
  }
});
