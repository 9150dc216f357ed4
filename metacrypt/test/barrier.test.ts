import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test, type TestContext } from "node:test";
import { Barrier } from "../barrier/barrier.ts";
import { aBarrier, anOpenBarrier, PASSPHRASE, type TestBarrier } from "./barrier-fixture.ts";

const secret = Buffer.from("the private key of the root certificate");
const nothing = (): void => undefined;

async function aSealedBarrier(t: TestContext, by: Parameters<Barrier["initialize"]>[0]) {
  const opened = await aBarrier(t);
  const shares = await opened.barrier.initialize(by, opened.database.transaction);
  opened.barrier.records.put("ca/key", secret);
  opened.barrier.seal();
  return { ...opened, shares };
}

function assertOpen({ barrier }: TestBarrier): void {
  assert.deepEqual(Buffer.from(barrier.records.get("ca/key") ?? []), secret);
}

describe("the barrier", () => {
  test("has no keys before it is initialised, and is initialised once", async (t) => {
    const { barrier, database } = await aBarrier(t);
    assert.deepEqual(
      [barrier.status().initialized, barrier.status().sealed, barrier.status().kind],
      [false, true, undefined],
    );
    await assert.rejects(barrier.unsealByPassphrase(PASSPHRASE, nothing), { code: "NOT_INITIALIZED" });
    await assert.rejects(barrier.initialize({}, database.transaction), { code: "PROTECTION_MISSING" });
    const short = { protection: { passphrase: "too short" } };
    await assert.rejects(barrier.initialize(short, database.transaction), {
      code: "UNACCEPTABLE_PASSPHRASE",
    });
    await barrier.initialize({ protection: { passphrase: PASSPHRASE } }, database.transaction);
    assert.equal(barrier.isSealed, false);
    const again = { protection: { passphrase: "something else entirely" } };
    await assert.rejects(barrier.initialize(again, database.transaction), { code: "ALREADY_INITIALIZED" });
  });

  test("serves nothing while it is sealed, and everything after the right passphrase", async (t) => {
    const sealed = await aSealedBarrier(t, { protection: { passphrase: PASSPHRASE } });
    const { records } = sealed.barrier;
    for (const call of [
      () => records.get("ca/key"),
      () => records.put("x", secret),
      () => records.delete("ca/key"),
      () => records.list(""),
      () => records.transaction(nothing),
      () => records.under("ca").get("key"),
    ]) {
      assert.throws(call, { code: "SEALED" });
    }
    await assert.rejects(sealed.barrier.unsealByPassphrase("wrong wrong wrong", nothing), {
      code: "UNSEAL_REFUSED",
    });
    await assert.rejects(sealed.barrier.unsealByShare("A".repeat(44), nothing), { code: "SEAL_KIND_OTHER" });
    await sealed.barrier.unsealByPassphrase(PASSPHRASE, nothing);
    assertOpen(sealed);
  });

  test("takes the same passphrase in another Unicode form", async (t) => {
    const sealed = await aSealedBarrier(t, { protection: { passphrase: "Überraschung im März" } });
    await sealed.barrier.unsealByPassphrase("Überraschung im März".normalize("NFD"), nothing);
    assertOpen(sealed);
  });

  test("stays sealed where the opening cannot be confirmed", async (t) => {
    const sealed = await aSealedBarrier(t, { protection: { passphrase: PASSPHRASE } });
    const refuse = (): void => {
      throw new Error("no audit");
    };
    await assert.rejects(sealed.barrier.unsealByPassphrase(PASSPHRASE, refuse), /no audit/u);
    assert.equal(sealed.barrier.isSealed, true);
  });

  test("opens by enough shares in any order, a share given twice counting once", async (t) => {
    const sealed = await aSealedBarrier(t, { protection: { scheme: { shares: 5, threshold: 3 } } });
    const [first = "", second = "", , , last = ""] = sealed.shares;
    assert.equal(new Set(sealed.shares).size, 5);
    await sealed.barrier.unsealByShare(last, nothing);
    await sealed.barrier.unsealByShare(last, nothing);
    assert.equal(sealed.barrier.status().progress, 1);
    await sealed.barrier.unsealByShare(`${second}\n`, nothing);
    assert.equal(sealed.barrier.isSealed, true);
    await sealed.barrier.unsealByShare(first, nothing);
    assertOpen(sealed);
    assert.equal(sealed.barrier.status().progress, 0);
  });

  test("tells of a wrong share only when the last one is there, and then begins anew", async (t) => {
    const sealed = await aSealedBarrier(t, { protection: { scheme: { shares: 3, threshold: 2 } } });
    const [first = "", second = ""] = sealed.shares;
    const wrong = Buffer.alloc(33, 9).toString("base64url");
    await sealed.barrier.unsealByShare(wrong, nothing);
    await assert.rejects(sealed.barrier.unsealByShare(first, nothing), { code: "UNSEAL_REFUSED" });
    assert.equal(sealed.barrier.status().progress, 0);
    await assert.rejects(sealed.barrier.unsealByShare("no share", nothing), { code: "SHARE_MALFORMED" });
    await sealed.barrier.unsealByShare(first, nothing);
    await sealed.barrier.unsealByShare(second, nothing);
    assertOpen(sealed);
  });

  test("makes wrong attempts wait", async (t) => {
    const { database, file } = await aSealedBarrier(t, {
      protection: { scheme: { shares: 2, threshold: 2 } },
    });
    assert.ok(file);
    let nowMs = 0;
    const clock = { now: () => nowMs, sleep: async () => undefined };
    using barrier = new Barrier(database, clock);
    const wrong = async (): Promise<void> => {
      for (const fill of [1, 2]) {
        await barrier.unsealByShare(Buffer.alloc(33, fill).toString("base64url"), nothing);
      }
    };
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await assert.rejects(wrong(), { code: "UNSEAL_REFUSED" });
    }
    await assert.rejects(wrong(), { code: "UNSEAL_TOO_OFTEN", facts: { retryAfterSeconds: "1" } });
    nowMs += 1_000;
    await assert.rejects(wrong(), { code: "UNSEAL_REFUSED" });
    nowMs += 1_000;
    await assert.rejects(wrong(), { code: "UNSEAL_TOO_OFTEN" });
  });

  test("opens by the key of a file, and not by another's", async (t) => {
    const fileKey = Buffer.alloc(32, 7);
    const sealed = await aSealedBarrier(t, { protection: { passphrase: PASSPHRASE }, fileKey });
    const other = Buffer.alloc(32, 8);
    await assert.rejects(sealed.barrier.unsealByFileKey(other, nothing), { code: "KEY_FILE_REFUSED" });
    await sealed.barrier.unsealByFileKey(fileKey, nothing);
    assertOpen(sealed);
    assert.equal(sealed.barrier.status().unattended, true);
    await sealed.barrier.changeFileKey(undefined, sealed.database.transaction);
    sealed.barrier.seal();
    await assert.rejects(sealed.barrier.unsealByFileKey(fileKey, nothing), { code: "KEY_FILE_REFUSED" });
  });

  test("does not give up the last that opens it", async (t) => {
    const { barrier, database } = await anOpenBarrier(t);
    await assert.rejects(barrier.changeFileKey(undefined, database.transaction), {
      code: "PROTECTION_MISSING",
    });
  });

  test("keeps nothing readable in its files", async (t) => {
    const { file, barrier } = await anOpenBarrier(t);
    barrier.records.put("ca/key", secret);
    const stored = Buffer.concat([readFileSync(file), readFileSync(`${file}-wal`)]).toString("latin1");
    assert.match(stored, /ca\/key/u);
    assert.doesNotMatch(stored, /private key of/u);
  });

  test("finds rows that were swapped, changed, or moved to another key", async (t) => {
    const { barrier, database } = await anOpenBarrier(t);
    const { records } = barrier;
    records.put("a", Buffer.from("of a"));
    records.put("b", Buffer.from("of b"));
    const attacks = [
      "UPDATE records SET (nonce, sealed) = (SELECT nonce, sealed FROM records WHERE path = 'b') WHERE path = 'a'",
      "UPDATE records SET sealed = substr(sealed, 2) WHERE path = 'a'",
      "UPDATE records SET nonce = zeroblob(12) WHERE path = 'a'",
      "UPDATE records SET sealed = x'00' WHERE path = 'a'",
      "UPDATE records SET key_version = 2 WHERE path = 'a'",
    ];
    for (const attack of attacks) {
      records.put("a", Buffer.from("of a"));
      database.sql.exec(attack);
      assert.throws(() => records.get("a"), { code: "RECORD_DAMAGED" }, attack);
    }
    assert.equal(String(records.get("b")), "of b");
  });

  test("never uses a nonce twice", async (t) => {
    const { barrier, database } = await anOpenBarrier(t);
    const nonces = new Set<string>();
    for (let count = 0; count < 1_000; count += 1) {
      barrier.records.put("same", secret);
      const row = database.sql.prepare("SELECT hex(nonce) AS nonce FROM records").get();
      nonces.add(String(row?.["nonce"]));
    }
    assert.equal(nonces.size, 1_000);
  });

  test("encrypts all records with a new key, also while others are written", async (t) => {
    const { barrier, database } = await anOpenBarrier(t);
    const { records } = barrier;
    records.transaction(() => {
      for (let count = 0; count < 1_000; count += 1) records.put(`many/${count}`, Buffer.from(String(count)));
    });
    const rekeyed = barrier.rekey(database.transaction);
    await new Promise(setImmediate);
    records.put("many/new", Buffer.from("new"));
    records.delete("many/7");
    assert.ok((await rekeyed) >= 998);
    assert.equal(records.outdated(), 0);
    assert.equal(barrier.status().keyVersion, 2);
    const versions = database.sql.prepare("SELECT version FROM barrier_keys").all();
    assert.deepEqual(
      versions.map(({ version }) => version),
      [2],
    );
    barrier.seal();
    await barrier.unsealByFileKey(Buffer.alloc(32, 7), nothing);
    assert.equal(String(records.get("many/999")), "999");
    assert.equal(String(records.get("many/new")), "new");
  });

  test("finishes a change of key that was cut short", async (t) => {
    const { barrier, database } = await anOpenBarrier(t);
    const { records } = barrier;
    for (let count = 0; count < 500; count += 1) records.put(`many/${count}`, Buffer.from(String(count)));
    const rekeyed = barrier.rekey(database.transaction);
    await new Promise(setImmediate);
    barrier.seal();
    await assert.rejects(rekeyed, { code: "SEALED" });
    await barrier.unsealByFileKey(Buffer.alloc(32, 7), nothing);
    assert.ok(records.outdated() > 0);
    assert.equal(String(records.get("many/499")), "499");
    await barrier.finishRekey();
    assert.equal(records.outdated(), 0);
    assert.equal(String(records.get("many/499")), "499");
  });

  test("goes on with the old key where the new one cannot be stored", async (t) => {
    const { barrier } = await anOpenBarrier(t);
    const failing = (): never => {
      throw new Error("disk full");
    };
    await assert.rejects(barrier.rekey(failing), /disk full/u);
    assert.equal(barrier.status().keyVersion, 1);
    barrier.records.put("a", secret);
    barrier.seal();
    await barrier.unsealByFileKey(Buffer.alloc(32, 7), nothing);
    assert.deepEqual(Buffer.from(barrier.records.get("a") ?? []), secret);
  });

  test("opens by the new protection only, once that has changed", async (t) => {
    const sealed = await aSealedBarrier(t, { protection: { passphrase: PASSPHRASE } });
    const { barrier, database } = sealed;
    await assert.rejects(barrier.changeProtection({ fileKey: Buffer.alloc(32, 1) }, database.transaction), {
      code: "SEALED",
    });
    await barrier.unsealByPassphrase(PASSPHRASE, nothing);
    const scheme = { shares: 2, threshold: 2 };
    const shares = await barrier.changeProtection({ protection: { scheme } }, database.transaction);
    assertOpen(sealed);
    barrier.seal();
    await assert.rejects(barrier.unsealByPassphrase(PASSPHRASE, nothing), { code: "SEAL_KIND_OTHER" });
    for (const share of shares) await barrier.unsealByShare(share, nothing);
    assertOpen(sealed);
  });
});
