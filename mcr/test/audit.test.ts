import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import { pullManifest, pushImage } from "./push-image.ts";
import { trust } from "./trust.ts";

interface Entry {
  readonly sequence: string;
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly account: string;
  readonly account_kind: string;
  readonly reference: string;
  readonly detail: string;
}

describe("what is written down", () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startTestRegistry();
    trust(registry);
  });
  after(() => registry[Symbol.asyncDispose]());

  /** All entries that fit, oldest first, page by page. */
  async function entriesOf(query: string, limit = 100): Promise<Entry[]> {
    const all: Entry[] = [];
    let token = "";
    do {
      const path = `/v1/audit/entries?${query}&limit=${limit}&page_token=${token}`;
      const { status, body } = await registry.rest("GET", path);
      assert.equal(status, 200, JSON.stringify(body));
      const page = body as { entries: Entry[]; next_page_token: string };
      all.push(...page.entries);
      token = page.next_page_token;
    } while (token !== "");
    return all.toReversed();
  }

  test("is all of it under load, in its order, once each, also when the server is stopped at once", async () => {
    await pushImage(registry, "load/app", "one");
    const pulls = 300;
    for (let done = 0; done < pulls; done += 20) {
      await Promise.all(
        Array.from({ length: 20 }, () => pullManifest(registry, "load/app", "one", registry.system)),
      );
    }
    await registry.stop();
    await registry.start();
    const entries = await entriesOf("repository=load/app&action=pull-manifest", 37);
    assert.equal(entries.length, pulls);
    const sequences = entries.map(({ sequence }) => Number(sequence));
    assert.deepEqual(
      sequences,
      [...new Set(sequences)].toSorted((a, b) => a - b),
    );
    const times = entries.map(({ at }) => Date.parse(at));
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    const { body } = await registry.rest("GET", "/v1/pulls/load/app");
    const counted = (body as { pulls: { account: string; reference: string; count: string }[] }).pulls;
    assert.deepEqual(
      counted.map(({ account, reference, count }) => [account, reference, count]),
      [[registry.system.name, "one", String(pulls)]],
    );
    const { body: repository } = await registry.rest("GET", "/v1/repositories/load/app");
    assert.ok((repository as { last_pull?: string }).last_pull !== undefined);
  });

  test("is there after a crash, but for what was not yet written", async () => {
    await pushImage(registry, "crash/app", "one");
    const before = await eventually(async () => {
      const entries = await entriesOf("repository=crash/app");
      assert.equal(entries.length, 3);
      return entries;
    });
    await registry.kill();
    await registry.start();
    assert.deepEqual(await entriesOf("repository=crash/app"), before);
    await pushImage(registry, "crash/app", "two");
    const after = await eventually(async () => {
      const entries = await entriesOf("repository=crash/app&action=push-manifest");
      assert.equal(entries.length, 2);
      return entries;
    });
    assert.ok(Number(after[1]?.sequence) > Number(before.at(-1)?.sequence));
  });

  test("tells what was refused, and what changed a rule", async () => {
    await assert.rejects(pushImage(registry, "secret/app", "one", registry.system), /403/u);
    const refused = await fetch(`${registry.url}/v2/secret/app/manifests/sha256:${"0".repeat(64)}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${registry.system.token}` },
    });
    assert.equal(refused.status, 403);
    await registry.putRule("quotas", "tight", { repositories: ["tight/*"], bytes: "1" });
    await assert.rejects(pushImage(registry, "tight/app", "one"), /QUOTA_EXCEEDED/u);
    await eventually(async () => {
      const denied = await entriesOf("repository=secret/app");
      assert.ok(denied.length > 0);
      for (const { outcome, account, account_kind: kind } of denied) {
        assert.deepEqual([outcome, account, kind], ["denied", registry.system.name, "system"]);
      }
      assert.equal((await entriesOf("repository=secret/app&action=delete-manifest")).length, 1);
      const [change] = await entriesOf("action=change-rules");
      assert.equal(change?.reference, "quota/tight");
      assert.equal(change.account, registry.admin.name);
    });
  });

  test("names a time and an account to look for", async () => {
    const all = await entriesOf("account=nobody-at-all");
    assert.deepEqual(all, []);
    const past = await entriesOf("until=2001-01-01T00:00:00Z");
    assert.deepEqual(past, []);
    const own = await entriesOf(`account=${registry.system.name}&since=2001-01-01T00:00:00Z`);
    assert.ok(own.length > 0 && own.every(({ account }) => account === registry.system.name));
    const wrong = await registry.rest("GET", "/v1/audit/entries?page_token=x");
    assert.equal(wrong.status, 400);
  });
});
