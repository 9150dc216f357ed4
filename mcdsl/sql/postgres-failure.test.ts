import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DetailedError } from "../errors.ts";
import { isConnectionFailure, isOthersFault, isTakenKey, postgresFailure } from "./postgres-failure.ts";

const failed = (code: string, message = "it failed"): Error => Object.assign(new Error(message), { code });

describe("a failure of PostgreSQL", () => {
  for (const [name, thrown, expected] of [
    ["a full disk", failed("53100"), "DATABASE_WRITE_FAILED"],
    ["a disk that fails", failed("58030"), "DATABASE_WRITE_FAILED"],
    ["a statement that takes too long", failed("57014"), "DATABASE_TIMEOUT"],
    ["others who changed the same all the time", failed("40001"), "DATABASE_BUSY"],
    ["others who kept a lock all the time", failed("55P03"), "DATABASE_BUSY"],
    ["no answer", new Error("Query read timeout"), "DATABASE_TIMEOUT"],
    ["a server that shuts down", failed("57P01"), "DATABASE_UNAVAILABLE"],
    ["a server that is full", failed("53300"), "DATABASE_UNAVAILABLE"],
    ["a wrong password", failed("28P01"), "DATABASE_UNAVAILABLE"],
    ["a text with a NUL character", failed("22021"), "TEXT_REFUSED"],
    ["nobody listening", failed("ECONNREFUSED"), "DATABASE_UNAVAILABLE"],
    ["a connection that broke", new Error("Connection terminated unexpectedly"), "DATABASE_UNAVAILABLE"],
  ] as const)
    test(`has a code of ours: ${name}`, () => {
      const failure = postgresFailure("a database", thrown);
      assert.ok(failure instanceof DetailedError);
      assert.equal(failure.code, expected);
      assert.equal(failure.cause, thrown);
    });

  test("is what it is where it is a mistake of ours", () => {
    const mistake = failed("42601", "syntax error");
    assert.equal(postgresFailure("a database", mistake), mistake);
  });

  test("may be a conflict, which is worth another try, or a broken connection", () => {
    const found = (is: (thrown: unknown) => boolean): string[] =>
      ["40001", "40P01", "23505", "23503", "42601"].filter((code) => is(failed(code)));
    assert.deepEqual(found(isOthersFault), ["40001", "40P01"]);
    assert.deepEqual(found(isTakenKey), ["23505", "23503"]);
    assert.ok(isConnectionFailure(failed("57P01")));
    assert.ok(!isConnectionFailure(failed("40001")));
  });
});
