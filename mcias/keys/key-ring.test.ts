import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { identitySchema } from "../migrations/001-identity.ts";
import { TokenStore } from "../tokens/token-store.ts";
import { KeyRing } from "./key-ring.ts";
import { KeyStore } from "./key-store.ts";

const policy = { rotateAfterMs: 1000, overlapMs: 200 };

async function aRing(t: TestContext) {
  const directory = await createTemporaryDirectory();
  const file = join(directory.path, "test.db");
  const migrations = [{ name: "identity", sql: identitySchema }];
  const databases = [openDatabase({ file, migrations }), openDatabase({ file, migrations })];
  t.after(async () => {
    for (const database of databases) database[Symbol.dispose]();
    await directory[Symbol.asyncDispose]();
  });
  const clock = { ms: 5000, now: () => clock.ms };
  const rings = databases.map(
    ({ sql, transaction }) => new KeyRing({ store: new KeyStore(sql), transaction, clock, policy }),
  );
  const [ring, sameFromOutside] = rings;
  const sql = databases[0]?.sql;
  assert.ok(ring && sameFromOutside && sql);
  return { ring, sameFromOutside, sql, clock };
}

const kidsOf = (ring: KeyRing): unknown[] => ring.publicKeySet().keys.map((key) => key.kid);

describe("key ring", () => {
  test("publishes the next key before it signs", async (t) => {
    const { ring } = await aRing(t);
    const first = await ring.current();
    const [, announced] = kidsOf(ring);
    const second = await ring.rotate();
    assert.equal(second.kid, announced);
    assert.notEqual(second.kid, first.kid);
    assert.equal(kidsOf(ring).length, 3);
  });

  test("never publishes a private half, and forgets it when a key retires", async (t) => {
    const { ring } = await aRing(t);
    const { kid } = await ring.current();
    await ring.rotate();
    assert.ok(ring.publicKeySet().keys.every((key) => !("d" in key)));
    const retired = ring.list().find((key) => key.kid === kid);
    assert.equal(retired?.state, "previous");
    assert.equal(retired.privateJwk, undefined);
  });

  test("rotates when the key has reached its age, not before", async (t) => {
    const { ring, clock } = await aRing(t);
    await ring.current();
    clock.ms += 999;
    assert.equal(await ring.rotateIfDue(), undefined);
    clock.ms += 1;
    assert.ok(await ring.rotateIfDue());
    assert.equal(await ring.rotateIfDue(), undefined);
  });

  test("keeps a replaced key for the overlap, and longer while a token needs it", async (t) => {
    const { ring, sql, clock } = await aRing(t);
    sql.exec(
      "INSERT INTO accounts (name, kind, secret_hash, created_at_ms) VALUES ('svc', 'system', '00', 0)",
    );
    const { kid } = await ring.current();
    const tokens = new TokenStore(sql);
    const token = { account: "svc", clientId: "svc", grantId: undefined, scope: "platform", issuedAtMs: 0 };
    tokens.add({ ...token, jti: "long", kid, expiresAtMs: 100_000 });
    await ring.rotate();
    clock.ms += 10_000;
    ring.prune();
    assert.ok(kidsOf(ring).includes(kid), "a living token needs it");
    tokens.revoke("long", clock.ms);
    ring.prune();
    assert.ok(!kidsOf(ring).includes(kid));

    const second = (await ring.current()).kid;
    await ring.rotate();
    clock.ms += 199;
    ring.prune();
    assert.ok(kidsOf(ring).includes(second), "within the overlap");
    clock.ms += 1;
    ring.prune();
    assert.ok(!kidsOf(ring).includes(second));
  });

  test("rotates once when two processes do it at the same time", async (t) => {
    const { ring, sameFromOutside } = await aRing(t);
    await Promise.all([ring.current(), sameFromOutside.current()]);
    const [one, other] = await Promise.all([ring.rotate(), sameFromOutside.rotate()]);
    assert.equal(one.kid, other.kid);
    assert.equal(ring.list().length, 3);
  });
});
