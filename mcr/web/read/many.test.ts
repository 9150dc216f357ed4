import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { openSqlite } from "@metacircular/mcdsl/sql/sqlite.ts";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";
import type { Grants } from "../../access/access.ts";
import { formatDigest } from "../../digest.ts";
import type { Metadata } from "../../metadata/metadata.ts";
import { migrations } from "../../metadata/migrations.ts";
import { createMetadata } from "../../metadata/store.ts";
import { repositoriesPage } from "../pages/repositories.ts";
import { repositoryPage } from "../pages/repository.ts";
import type { Sources } from "../sources.ts";
import { readRepositories, repositoryQuery } from "./repositories.ts";
import { readRepository, tagQuery } from "./tags.ts";

const viewer = { nowMs: Date.now(), formToken: "t", isAdmin: false, registryHost: "mcr.example" };

describe("1,000 repositories and 10,000 tags", () => {
  let directory: TemporaryDirectory;
  let database: SqlDatabase;
  let metadata: Metadata;

  before(async () => {
    directory = await createTemporaryDirectory();
    database = await openSqlite({ file: join(directory.path, "mcr.db"), migrations });
    metadata = createMetadata({ sql: database, clock: systemClock, leaseMs: 60_000 });
    for (let index = 0; index < 1_000; index++) await push(`team-${index % 10}/app-${index}`, ["main"]);
    for (let batch = 0; batch < 100; batch++) {
      await push(
        "many/tags",
        Array.from({ length: 100 }, (_, index) => `t${batch * 100 + index}`),
        batch,
      );
    }
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  async function push(repository: string, tags: readonly string[], salt = 0): Promise<void> {
    const content = Buffer.from(
      JSON.stringify({ schemaVersion: 2, manifests: [], annotations: { salt: String(salt) } }),
    );
    await metadata.putManifest({
      repository,
      digest: formatDigest("sha256", createHash("sha256").update(content).digest("hex")),
      mediaType: "application/vnd.oci.image.index.v1+json",
      content,
      references: [],
      subject: undefined,
      artifactType: "",
      annotations: {},
      tags,
      by: "alice",
    });
  }

  /** Counts what is asked of the database. */
  function counted(): { sources: Sources; questions: () => number } {
    let questions = 0;
    const counting = new Proxy(metadata, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          questions++;
          return method.apply(target, args);
        };
      },
    });
    const rules = { requireMovable: () => undefined, quotaBytes: () => 1_000_000, list: () => [] };
    const sources = {
      metadata: counting,
      rules,
      pulls: { list: async () => [] },
      platforms: { platformOf: async () => "" },
    };
    return { sources: sources as unknown as Sources, questions: () => questions };
  }

  const grants = (may: (repository: string) => boolean): Grants =>
    ({ may: (_action: string, repository: string) => may(repository) }) as unknown as Grants;
  const everything = grants(() => true);

  test("come in pages of bounded size, by few questions", async () => {
    const { sources, questions } = counted();
    const query = (text: string) => repositoryQuery(new URLSearchParams(text));
    const first = await readRepositories(sources, everything, query(""));
    assert.deepEqual([first.visible, first.page.pages, first.page.items.length], [1_001, 21, 50]);
    assert.ok(questions() <= 2, `${questions()} questions`);
    assert.ok(repositoriesPage(first, viewer).toString().length < 60_000);
    const last = await readRepositories(sources, everything, query("page=21"));
    assert.equal(last.page.items.length, 1);
    const beyond = await readRepositories(sources, everything, query("page=99999"));
    assert.equal(beyond.page.number, 21);
    const most = await readRepositories(sources, everything, query("order=tags&q=many"));
    assert.deepEqual(
      most.page.items.map(({ name, tags }) => [name, tags]),
      [["many/tags", 10_000]],
    );
    const nonsense = await readRepositories(sources, everything, query("order=constructor&page=-1&q=%25"));
    assert.deepEqual([nonsense.query.order, nonsense.page.total, nonsense.page.number], ["name", 0, 1]);
  });

  test("show only what may be pulled, and count only that", async () => {
    const some = grants((repository) => repository.startsWith("team-3/"));
    const list = await readRepositories(
      counted().sources,
      some,
      repositoryQuery(new URLSearchParams("q=app")),
    );
    assert.deepEqual([list.visible, list.page.total], [100, 100]);
    assert.ok(list.page.items.every(({ name }) => name.startsWith("team-3/")));
  });

  test("of a repository come in pages too, newest first or by name, and can be searched", async () => {
    const { sources, questions } = counted();
    const view = await readRepository(
      sources,
      everything,
      "many/tags",
      tagQuery(new URLSearchParams("page=3")),
    );
    assert.deepEqual([view.page.total, view.page.pages, view.page.items.length], [10_000, 200, 50]);
    assert.ok(questions() <= 80, `${questions()} questions`);
    assert.ok(repositoryPage(view, viewer).toString().length < 80_000);
    assert.match(repositoryPage(view, viewer).toString(), /Page 3 of 200/);
    const byName = await readRepository(
      sources,
      everything,
      "many/tags",
      tagQuery(new URLSearchParams("order=name")),
    );
    assert.deepEqual(
      byName.page.items.slice(0, 3).map(({ name }) => name),
      ["t0", "t1", "t10"],
    );
    const found = await readRepository(
      sources,
      everything,
      "many/tags",
      tagQuery(new URLSearchParams("q=T999")),
    );
    assert.equal(found.page.total, 11);
    await assert.rejects(
      readRepository(
        sources,
        grants(() => false),
        "many/tags",
        tagQuery(new URLSearchParams()),
      ),
      {
        code: "PAGE_NOT_FOUND",
      },
    );
  });
});
