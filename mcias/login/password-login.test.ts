import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { AccountStore } from "../accounts/account-store.ts";
import { hashPassword } from "../accounts/password.ts";
import { AuditStore } from "../audit/audit-store.ts";
import { identitySchema } from "../migrations/001-identity.ts";
import { AddressLimit } from "@metacircular/mcdsl/auth/address-limit.ts";
import { FailureStore } from "./failure-store.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { PasswordLogin } from "./password-login.ts";

const RIGHT = "correct horse battery";
const lockPolicy = { freeAttempts: 3, firstDelayMs: 1000, maxDelayMs: 60_000, forgetAfterMs: 86_400_000 };

async function aLogin(t: TestContext, options: { maxFailures?: number; maxPending?: number } = {}) {
  const directory = await createTemporaryDirectory();
  const database = openDatabase({
    file: join(directory.path, "test.db"),
    migrations: [{ name: "identity", sql: identitySchema }],
  });
  t.after(async () => {
    database[Symbol.dispose]();
    await directory[Symbol.asyncDispose]();
  });
  const clock = { ms: 1_000_000, now: () => clock.ms };
  const accounts = new AccountStore(database.sql);
  const audit = new AuditStore(database.sql, clock.now);
  const passwordHash = await hashPassword(RIGHT);
  accounts.add({ name: "alice", kind: "human", roles: [], passwordHash, secretHash: null }, 0);
  accounts.add({ name: "svc", kind: "system", roles: [], passwordHash: null, secretHash: "00" }, 0);
  const failures = new FailureStore(database.sql);
  const login = new PasswordLogin({
    accounts,
    failures,
    audit,
    addresses: new AddressLimit({ maxFailures: options.maxFailures ?? 1000, windowMs: 600_000 }, clock),
    queue: new OneAtATime(options.maxPending ?? 64),
    lockPolicy,
    clock,
  });
  const attempt = (username: string, password: string) =>
    login.attempt({ event: "login", username, password, address: "192.0.2.1" });
  return { accounts, audit, clock, attempt };
}

describe("password login", () => {
  test("accepts the right password", async (t) => {
    const { attempt } = await aLogin(t);
    const outcome = await attempt("alice", RIGHT);
    assert.equal(outcome.kind === "ok" && outcome.account.name, "alice");
  });

  test("refuses alike whatever the reason, and the audit log knows it", async (t) => {
    const { accounts, attempt, audit } = await aLogin(t);
    await attempt("alice", "wrong password");
    await attempt("nobody", RIGHT);
    await attempt("svc", RIGHT);
    await attempt("My Secret Typed Here", RIGHT);
    accounts.setDisabled("alice", true);
    const last = await attempt("alice", RIGHT);
    assert.deepEqual(last, { kind: "refused" });
    assert.deepEqual(
      audit.list({}).map((entry) => [entry.outcome, entry.account, entry.detail]),
      [
        ["denied", "alice", "wrong password"],
        ["denied", "nobody", "no such account"],
        ["denied", "svc", "a system account has no password"],
        ["denied", undefined, "not an account name"],
        ["denied", "alice", "account is disabled"],
      ],
    );
  });

  test("locks for longer after each wrong password, and then takes the right one", async (t) => {
    const { attempt, clock } = await aLogin(t);
    for (let failed = 0; failed < 4; failed++) {
      assert.equal((await attempt("alice", "wrong password")).kind, "refused");
    }
    assert.deepEqual(await attempt("alice", RIGHT), { kind: "locked", retryAfterMs: 1000 });
    clock.ms += 1000;
    assert.equal((await attempt("alice", "wrong password")).kind, "refused");
    clock.ms += 1000;
    assert.deepEqual(await attempt("alice", RIGHT), { kind: "locked", retryAfterMs: 1000 });
    clock.ms += 1000;
    assert.equal((await attempt("alice", RIGHT)).kind, "ok");
    assert.equal((await attempt("alice", "wrong password")).kind, "refused");
    assert.equal((await attempt("alice", RIGHT)).kind, "ok", "success has reset the count");
  });

  test("locks names that don't exist in the same way", async (t) => {
    const { attempt } = await aLogin(t);
    for (let failed = 0; failed < 4; failed++) await attempt("nobody", "wrong password");
    assert.deepEqual(await attempt("nobody", "wrong password"), { kind: "locked", retryAfterMs: 1000 });
  });

  test("counts guesses that arrive together one by one", async (t) => {
    const { attempt } = await aLogin(t);
    const guesses = Array.from({ length: 20 }, (_, index) => attempt("alice", `guess number ${index}`));
    const kinds = (await Promise.all(guesses)).map((outcome) => outcome.kind);
    assert.equal(kinds.filter((kind) => kind === "refused").length, 4);
    assert.equal(kinds.filter((kind) => kind === "locked").length, 16);
  });

  test("stops listening to an address after its failures, without filling the audit log", async (t) => {
    const { attempt, audit, clock } = await aLogin(t, { maxFailures: 5 });
    for (let index = 0; index < 20; index++) await attempt(`name-${index}`, "wrong password");
    assert.deepEqual(await attempt("alice", RIGHT), { kind: "throttled", retryAfterMs: 600_000 });
    assert.equal(audit.list({}).length, 5);
    assert.match(audit.list({}).at(-1)?.detail ?? "", /address blocked for 600 s/);
    clock.ms += 600_000;
    assert.equal((await attempt("alice", RIGHT)).kind, "ok");
  });

  test("says busy rather than queueing without bound", async (t) => {
    const { attempt } = await aLogin(t, { maxPending: 2 });
    const outcomes = await Promise.all([1, 2, 3].map(() => attempt("alice", RIGHT)));
    assert.deepEqual(outcomes.map((outcome) => outcome.kind).toSorted(), ["busy", "ok", "ok"]);
  });

  test("takes about as long for names that don't exist", async (t) => {
    const { attempt, clock } = await aLogin(t);
    /** In processor time: what else the machine does has no part in it. */
    const median = async (name: (index: number) => string): Promise<number> => {
      const times: number[] = [];
      for (let index = 0; index < 7; index++) {
        // After the lock.
        clock.ms += lockPolicy.maxDelayMs;
        const before = process.cpuUsage();
        assert.equal((await attempt(name(index), "wrong password")).kind, "refused");
        const { user, system } = process.cpuUsage(before);
        times.push((user + system) / 1_000);
      }
      return times.toSorted((a, b) => a - b)[3] ?? 0;
    };
    const unknownMs = await median((index) => `nobody-${index}`);
    const knownMs = await median(() => "alice");
    assert.ok(unknownMs > knownMs / 4, `${unknownMs} ms against ${knownMs} ms`);
  });
});
