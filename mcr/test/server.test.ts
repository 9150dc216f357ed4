import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { parseExposition } from "@metacircular/testkit/exposition.ts";
import { startTestPostgres } from "@metacircular/testkit/postgres.ts";
import { startProgram } from "@metacircular/testkit/program.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import { pullManifest, pushImage } from "./push-image.ts";

interface Entry {
  readonly action: string;
  readonly outcome: string;
  readonly account: string;
  readonly repository: string;
  readonly reference: string;
}

async function auditOf(registry: TestRegistry, query: string): Promise<Entry[]> {
  const { status, body } = await registry.rest("GET", `/v1/audit/entries?limit=1000&${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return (body as { entries: Entry[] }).entries;
}

async function keepsWhatWasAcknowledged(registry: TestRegistry): Promise<void> {
  const digest = await pushImage(registry, "team/app", "one");
  const pulled = await pullManifest(registry, "team/app", "one", registry.system);
  await registry.stop();
  await registry.start();
  assert.deepEqual(await pullManifest(registry, "team/app", digest), pulled);
  const { body: status } = await registry.rest("GET", "/v1/status");
  const { repositories, tags, manifests, blobs } = status as Record<string, string>;
  assert.deepEqual(
    { repositories, tags, manifests, blobs },
    { repositories: "1", tags: "1", manifests: "1", blobs: "2" },
  );
  // What was done before the restart is there, in its order, and what is done now comes after it.
  const actions = await eventually(async () => {
    const entries = await auditOf(registry, "repository=team/app");
    const found = entries
      .map(({ action, account, reference }) => `${action} ${account} ${reference}`)
      .toReversed();
    assert.equal(found.length, 5, found.join("\n"));
    return found;
  });
  const { admin, system } = registry;
  assert.match(actions[0] ?? "", /^push-blob /u);
  assert.match(actions[1] ?? "", /^push-blob /u);
  assert.deepEqual(actions.slice(2), [
    `push-manifest ${admin.name} one`,
    `pull-manifest ${system.name} one`,
    `pull-manifest ${admin.name} ${digest}`,
  ]);
  const { body } = await registry.rest("GET", "/v1/pulls/team/app");
  const pulls = (body as { pulls: { account: string; account_kind: string; count: string }[] }).pulls;
  const counts = new Map(
    pulls.map(({ account, account_kind: kind, count }) => [account, `${kind} ${count}`]),
  );
  const wanted = [
    [admin.name, "human 1"],
    [system.name, "system 1"],
  ] as const;
  assert.deepEqual(counts, new Map(wanted));
}

describe("a registry on SQLite", () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startTestRegistry();
  });
  after(() => registry[Symbol.asyncDispose]());

  test("keeps content and what was written down across a restart", () => keepsWhatWasAcknowledged(registry));

  test("says that it is healthy", async () => {
    const { status, body } = await registry.rest("GET", "/healthz", undefined, undefined);
    assert.deepEqual([status, body], [200, { status: "ok", checks: { database: "ok", storage: "ok" } }]);
  });

  test("counts what it does, in the form that Prometheus reads", async () => {
    await registry.rest("POST", "/v1/garbage-collections", {});
    await eventually(async () => {
      const { body } = await registry.rest("GET", "/v1/garbage-collections");
      const { runs } = body as { runs: { state: string }[] };
      assert.deepEqual(
        runs.map(({ state }) => state),
        ["succeeded"],
      );
    });
    // A server that starts looks at once at what is there, and then now and then only.
    await registry.stop();
    await registry.start();
    for (let count = 0; count < 2; count += 1) await pullManifest(registry, "team/app", "one");
    await registry.rest("GET", "/v1/status");
    await eventually(async () => {
      const response = await fetch(registry.metricsUrl);
      const series = parseExposition(await response.text());
      const value = (name: string): number | undefined => series.get(name);
      assert.equal(value("mcr_database_up"), 1);
      assert.equal(value("mcr_storage_up"), 1);
      assert.equal(value("mcr_uploads_in_progress"), 0);
      assert.equal(value("mcr_repositories"), 1);
      assert.equal(value("mcr_blobs"), 2);
      assert.equal(value("mcr_audit_entries_dropped_total"), 0);
      assert.equal(value("mcr_garbage_collection_succeeded"), 1);
      assert.equal(value("mcr_garbage_collection_missing_blobs"), 0);
      assert.ok((value("mcr_audit_entries_total") ?? 0) > 0);
      assert.ok((value("mcr_sent_bytes_total") ?? 0) > 0);
      assert.ok((value('mcr_actions_total{action="pull-manifest",outcome="ok"}') ?? 0) >= 2);
      assert.ok((value('mcr_rpc_duration_seconds_count{method="GetStatus",code="HTTP_200"}') ?? 0) >= 1);
      const served = [...series.keys()].filter((name) =>
        name.startsWith("mcr_request_duration_seconds_count"),
      );
      assert.ok(served.length > 0);
    }, 120_000);
  });

  test("does not start beside another one on the same files", async () => {
    const environment = { PATH: process.env["PATH"] };
    await using second = startProgram(
      "mcr/main.ts",
      ["server", "--config", registry.configFile],
      environment,
    );
    await second.line((line) => line.includes("REGISTRY_ALREADY_RUNS"));
    await second.ended;
    assert.equal(second.child.exitCode, 1);
  });

  test("refuses, with the reason, to start on what it cannot work with", async () => {
    await registry.stop();
    const start = async (environment: NodeJS.ProcessEnv): Promise<{ code: number | null; log: string }> => {
      const args = ["server", "--config", registry.configFile];
      await using program = startProgram("mcr/main.ts", args, { PATH: process.env["PATH"], ...environment });
      await program.ended;
      return { code: program.child.exitCode, log: program.log.join("\n") };
    };
    const file = join(registry.directory, "a-file");
    await writeFile(file, "");
    const storage = await start({ MCR_STORAGE_DIRECTORY: join(file, "storage") });
    assert.equal(storage.code, 1);
    assert.match(storage.log, /BLOB_STORE_UNAVAILABLE/u);

    const newer = join(registry.directory, "newer.db");
    {
      using sql = new DatabaseSync(newer);
      sql.exec("PRAGMA user_version = 999");
    }
    const database = await start({ MCR_DATABASE_PATH: newer });
    assert.equal(database.code, 1);
    assert.match(database.log, /DATABASE_TOO_NEW/u);

    const url = await start({ MCR_SERVER_EXTERNAL_URL: "https://mcr.example/path" });
    assert.equal(url.code, 2);
    assert.match(url.log, /external_url.*https origin/u);
    await registry.start();
  });
});

describe("a registry on PostgreSQL", () => {
  const stack = new AsyncDisposableStack();
  after(() => stack.disposeAsync());

  test("keeps content and what was written down across a restart", async () => {
    const postgres = stack.use(await startTestPostgres());
    const url = await postgres.createDatabase("mcr");
    const registry = stack.use(await startTestRegistry({ database: { url } }));
    await keepsWhatWasAcknowledged(registry);
    const { body } = await registry.rest("GET", "/v1/status");
    assert.equal((body as { database: string }).database, "postgresql");
  });
});
