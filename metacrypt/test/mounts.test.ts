import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { Engine, EngineParts, EngineType } from "../mounts/engine.ts";
import { Mounts } from "../mounts/mounts.ts";
import { Policy } from "../policy/policy.ts";
import { Seal } from "../seal/seal.ts";
import { openStores } from "../stores.ts";
import { PASSPHRASE } from "./barrier-fixture.ts";

/** An engine that counts how often it was opened, in its own records. */
class CountingEngine implements Engine {
  readonly parts: EngineParts;
  countWhenClosed: number | undefined;

  constructor(parts: EngineParts) {
    this.parts = parts;
    const before = parts.records.get("count");
    if (before?.toString() === "broken") throw new Error("its records are broken");
    parts.records.put("count", Buffer.from([(before?.[0] ?? 0) + 1]));
  }

  get count(): number {
    return this.parts.records.get("count")?.[0] ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.countWhenClosed = this.count;
  }
}

const counting: EngineType<CountingEngine> = {
  type: "counting",
  open: async (parts) => new CountingEngine(parts),
  is: (engine) => engine instanceof CountingEngine,
};
const other: EngineType = {
  type: "other",
  open: async (parts) => new CountingEngine(parts),
  is: (engine): engine is Engine => engine instanceof CountingEngine,
};

async function aService(t: TestContext) {
  const directory = await createTemporaryDirectory();
  t.after(() => directory[Symbol.asyncDispose]());
  const stores = openStores(join(directory.path, "metacrypt.db"), systemClock);
  t.after(() => stores[Symbol.dispose]());
  const { barrier, audit } = stores;
  const logger = createLogger({ name: "test", level: "error", destination: { write: () => undefined } });
  const policy = new Policy(barrier.records.under("core/policy"));
  const settings = { externalUrl: "https://localhost" };
  const { records } = barrier;
  const types = [counting, other];
  const mounts = new Mounts({ records, policy, audit, types, settings, clock: systemClock, logger });
  const keyFile = join(directory.path, "key");
  const seal = new Seal({ barrier, mounts, policy, audit, keyFile, logger });
  const protection = { passphrase: PASSPHRASE };
  await seal.initialize({ protection, unattended: false, actor: "test" });
  const unseal = (): Promise<void> => seal.unseal({ passphrase: PASSPHRASE }, "test");
  return { ...stores, mounts, policy, seal, unseal };
}

const asAda = { actor: "ada" };

describe("mounts", () => {
  test("are open while the service is unsealed, and only then", async (t) => {
    const { mounts, seal, unseal } = await aService(t);
    await mounts.create({ name: "one", type: "counting", ...asAda });
    const before = mounts.engine(counting, "one");
    assert.equal(before.count, 1);
    await seal.seal("ada");
    // The records can still be read when an engine is closed.
    assert.equal(before.countWhenClosed, 1);
    assert.throws(() => mounts.engine(counting, "one"), { code: "SEALED" });
    assert.throws(() => mounts.names(counting), { code: "SEALED" });
    await unseal();
    assert.equal(mounts.engine(counting, "one").count, 2);
    assert.deepEqual(mounts.names(counting), ["one"]);
    assert.deepEqual(mounts.names(other), []);
  });

  test("are found by their own type only", async (t) => {
    const { mounts } = await aService(t);
    await mounts.create({ name: "one", type: "counting", ...asAda });
    assert.throws(() => mounts.engine(other, "one"), { code: "MOUNT_NOT_FOUND" });
    assert.throws(() => mounts.engine(counting, "two"), { code: "MOUNT_NOT_FOUND" });
    const again = mounts.create({ name: "one", type: "other", ...asAda });
    await assert.rejects(again, { code: "MOUNT_EXISTS" });
    for (const name of ["", "-a", "a-", "A", "a/b", "a".repeat(64)]) {
      const refused = mounts.create({ name, type: "counting", ...asAda });
      await assert.rejects(refused, { code: "MOUNT_NAME_INVALID" }, name);
    }
  });

  test("whose engine cannot be opened say why, and keep no other from it", async (t) => {
    const { mounts, barrier, seal, unseal } = await aService(t);
    await mounts.create({ name: "bad", type: "counting", ...asAda });
    await mounts.create({ name: "good", type: "counting", ...asAda });
    barrier.records.put("mounts/bad/count", Buffer.from("broken"));
    await seal.seal("ada");
    await unseal();
    assert.equal(mounts.engine(counting, "good").count, 2);
    assert.throws(() => mounts.engine(counting, "bad"), { code: "MOUNT_UNUSABLE", found: /broken/u });
    assert.deepEqual(
      mounts.list().map(({ name, problem }) => [name, problem]),
      [
        ["bad", "its records are broken"],
        ["good", ""],
      ],
    );
  });

  test("are removed with all their records, and nobody else's", async (t) => {
    const { mounts, barrier } = await aService(t);
    for (const name of ["one", "one-more"]) await mounts.create({ name, type: "counting", ...asAda });
    const records = mounts.recordsOf("one");
    records.transaction(() => {
      for (let count = 0; count < 1_500; count += 1) records.put(`many/${count}`, Buffer.from("x"));
    });
    const engine = mounts.engine(counting, "one-more");
    await mounts.delete({ name: "one-more", ...asAda });
    assert.equal(engine.countWhenClosed, 0);
    assert.equal(records.list("", { limit: 2_000 }).length, 1_501);
    await mounts.delete({ name: "one", ...asAda });
    assert.deepEqual(barrier.records.list("mounts/"), []);
    await assert.rejects(mounts.delete({ name: "one", ...asAda }), { code: "MOUNT_NOT_FOUND" });
    // What a call that was under way left behind is not taken over by a mount of the same name.
    records.put("count", Buffer.from([7]));
    await mounts.create({ name: "one", type: "counting", ...asAda });
    assert.equal(mounts.engine(counting, "one").count, 1);
  });

  test("are not made where that cannot be written down", async (t) => {
    const { mounts, database } = await aService(t);
    database.sql.exec("PRAGMA query_only = ON");
    const refused = mounts.create({ name: "one", type: "counting", ...asAda });
    await assert.rejects(refused, { code: "AUDIT_UNAVAILABLE" });
    database.sql.exec("PRAGMA query_only = OFF");
    assert.deepEqual(mounts.list(), []);
  });
});

describe("the policy's rules", () => {
  test("are forgotten with the keys, and there again afterwards", async (t) => {
    const { policy, seal, unseal } = await aService(t);
    const rule = {
      id: "agents",
      priority: 1,
      effect: "allow",
      accounts: ["mcp-agent"],
      kinds: [],
      roles: [],
      mounts: [],
      operations: [],
      names: ["*.example.org"],
      wildcards: false,
    } as const;
    policy.put({
      ...rule,
      accounts: [...rule.accounts],
      kinds: [],
      roles: [],
      mounts: [],
      operations: [],
      names: [...rule.names],
    });
    policy.forget();
    const identity = { name: "mcp-agent", kind: "system", roles: [] } as const;
    const request = { identity, mount: "pki", operation: "ca/issue", names: ["a.example.org"] };
    policy.check(request);
    const refused = { ...request, names: ["a.example.com"] };
    assert.throws(() => policy.check(refused), { code: "PERMISSION_DENIED", found: /no rule allows it/u });
    await seal.seal("ada");
    assert.throws(() => policy.check(request), { code: "SEALED" });
    await unseal();
    policy.check(request);
  });
});
