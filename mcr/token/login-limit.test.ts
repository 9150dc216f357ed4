import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createLoginLimit } from "./login-limit.ts";

const guesser = "203.0.113.66";
const fails = (code: string) => async (): Promise<never> => {
  throw new DetailedError({ code, attempted: "log in", found: "no" });
};
const succeeds = async (): Promise<string> => "in";

function aLimit() {
  const clock = { ms: 1_000_000, now: () => clock.ms };
  return { clock, limit: createLoginLimit({ maxFailures: 3, windowMs: 60_000 }, clock) };
}

describe("the limit of logins", () => {
  test("stops who guesses, says for how long, and nobody else", async () => {
    const { clock, limit } = aLimit();
    for (let guess = 0; guess < 3; guess += 1) {
      await assert.rejects(limit.attempt(guesser, fails("LOGIN_REFUSED")), { code: "LOGIN_REFUSED" });
      clock.ms += 1_000;
    }
    await assert.rejects(limit.attempt(guesser, succeeds), {
      code: "TOO_MANY_ATTEMPTS",
      facts: { retryAfterSeconds: "57" },
    });
    assert.equal(await limit.attempt("192.0.2.7", succeeds), "in");
    clock.ms += 57_000;
    assert.equal(await limit.attempt(guesser, succeeds), "in");
  });

  test("counts guesses that are sent in parallel before they are known to fail", async () => {
    const { limit } = aLimit();
    const guesses = Array.from({ length: 10 }, () => limit.attempt(guesser, fails("LOGIN_REFUSED")));
    const codes = await Promise.all(
      guesses.map((guess) => guess.catch((thrown: unknown) => (thrown as DetailedError).code)),
    );
    assert.equal(codes.filter((code) => code === "LOGIN_REFUSED").length, 3);
    assert.equal(codes.filter((code) => code === "TOO_MANY_ATTEMPTS").length, 7);
  });

  test("does not count logins that succeed or cannot be decided", async () => {
    const { limit } = aLimit();
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await limit.attempt(guesser, succeeds);
      await assert.rejects(limit.attempt(guesser, fails("IDENTITY_UNAVAILABLE")));
    }
  });

  test("lets no more than 64 wait for the identity service at once", async () => {
    const clock = { now: () => 0 };
    const limit = createLoginLimit({ maxFailures: 1000, windowMs: 60_000 }, clock);
    const held = Promise.withResolvers<string>();
    const waiting = Array.from({ length: 64 }, () => limit.attempt(guesser, () => held.promise));
    await assert.rejects(limit.attempt("192.0.2.7", succeeds), { code: "LOGINS_TOO_MANY" });
    held.resolve("in");
    await Promise.all(waiting);
    assert.equal(await limit.attempt("192.0.2.7", succeeds), "in");
  });
});
