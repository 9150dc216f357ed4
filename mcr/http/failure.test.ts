import assert from "node:assert/strict";
import { test } from "node:test";
import { DetailedError, type ErrorCategory } from "@metacircular/mcdsl/errors.ts";
import { failureAnswer } from "./failure.ts";

const error = (code: string, category: ErrorCategory, facts = {}): DetailedError =>
  new DetailedError({ code, category, attempted: "do", found: "something", remedy: "help", facts });

function answered(thrown: unknown): string {
  const { status, headers, body } = failureAnswer(thrown);
  assert.equal(headers["content-type"], "application/json");
  const { errors } = JSON.parse(Buffer.from(body as Uint8Array).toString()) as { errors: { code: string }[] };
  return `${status} ${errors.map(({ code }) => code).join()} ${headers["retry-after"] === undefined ? "" : "later"}`.trim();
}

test("a failure is what the specification calls it", () => {
  const table: readonly [string, ErrorCategory, string][] = [
    ["TOKEN_EXPIRED", "unauthenticated", "401 UNAUTHORIZED"],
    ["DENIED", "permission-denied", "403 DENIED"],
    ["QUOTA_EXCEEDED", "resource-exhausted", "403 DENIED"],
    ["TAG_IMMUTABLE", "failed-precondition", "403 DENIED"],
    ["STORAGE_FULL", "resource-exhausted", "507 UNAVAILABLE"],
    ["DATABASE_WRITE_FAILED", "resource-exhausted", "507 UNAVAILABLE"],
    ["TOO_MANY_UPLOADS", "resource-exhausted", "429 TOOMANYREQUESTS later"],
    ["BLOB_STORE_UNAVAILABLE", "unavailable", "503 UNAVAILABLE later"],
    ["IDENTITY_UNAVAILABLE", "unavailable", "503 UNAVAILABLE later"],
    ["BLOB_MISSING", "not-found", "404 BLOB_UNKNOWN"],
    ["BLOB_IN_USE", "failed-precondition", "405 UNSUPPORTED"],
    ["NEVER_HEARD_OF", "internal", "500 UNKNOWN"],
  ];
  for (const [code, category, meaning] of table) assert.equal(answered(error(code, category)), meaning, code);
});

test("of what was not foreseen nothing is told", () => {
  const { status, body } = failureAnswer(new Error("password=hunter2 in /etc/secret"));
  assert.equal(status, 500);
  assert.doesNotMatch(Buffer.from(body as Uint8Array).toString(), /hunter2|secret/);
});

test("of missing content there is one error each", () => {
  assert.equal(
    answered(error("MANIFEST_BLOB_UNKNOWN", "failed-precondition", { digests: "sha256:a sha256:b" })),
    "400 MANIFEST_BLOB_UNKNOWN,MANIFEST_BLOB_UNKNOWN",
  );
});
