import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { link, mkdir, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { done, type PathCase, pathCases } from "./files-corpus.ts";
import { canary, createFilesFixture, type FilesFixture } from "./files-fixture.ts";
import { treeOf } from "./tree.ts";

/** Puts links and special files everywhere, most of them leading out. */
async function setTraps({ servicesDir, outside }: FilesFixture): Promise<AsyncDisposable> {
  const web = join(servicesDir, "web");
  await mkdir(join(web, "config/deep"));
  await mkdir(join(servicesDir, "other"));
  await writeFile(join(servicesDir, "other/file.txt"), "of another service\n");
  const links: Record<string, string> = {
    "web/link-file": "../../outside/secret.txt",
    "web/link-file-absolute": join(outside, "secret.txt"),
    "web/link-inside": "config/app.toml",
    "web/link-dangling": "../../outside/new.txt",
    "web/link-loop": "link-loop",
    "web/link-dir": "../../outside",
    "web/link-dir-absolute": outside,
    "web/link-dir-inside": "config",
    "web/link-chain": "link-dir",
    "web/link-root": "/",
    "web/link-dot": ".",
    "web/link-dotdot": "..",
    "web/link-proc": "/proc/self",
    "web/link-cwd": "/proc/self/cwd",
    "web/config/deep/link": "../../../../outside",
    "web/config/deep/link-file": "../../../../outside/secret.txt",
    linked: "../outside",
    "linked-inside": "web",
    dangling: "../outside/nowhere",
  };
  for (const [path, target] of Object.entries(links)) await symlink(target, join(servicesDir, path));
  await writeFile(join(servicesDir, "plain"), "a file in place of a service's directory\n");
  await link(join(outside, "hard.txt"), join(web, "hard-link"));
  execFileSync("mkfifo", [join(web, "fifo"), join(servicesDir, "pipe")]);
  execFileSync("mknod", [join(web, "device"), "c", "1", "3"]);
  const socket = createServer().listen(join(web, "socket"));
  await once(socket, "listening");
  return {
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, "close");
    },
  };
}

/** `done`, or the code of the refusal. */
async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return done;
  } catch (error) {
    if (error instanceof DetailedError) return error.code;
    throw error;
  }
}

function titleOf({ service, path }: PathCase): string {
  const shown = (text: string): string =>
    JSON.stringify(text.length > 60 ? `${text.slice(0, 50)}…(${text.length})` : text);
  return service === "web" ? shown(path) : `${shown(path)} of ${shown(service)}`;
}

/** Services' directories, and what they hold before anything is tried. */
interface Trapped extends AsyncDisposable {
  readonly fixture: FilesFixture;
  readonly before: { readonly outside: string[]; readonly services: string[] };
}

async function createTrapped(): Promise<Trapped> {
  await using stack = new AsyncDisposableStack();
  const fixture = stack.use(await createFilesFixture());
  await writeFile(join(fixture.outside, "hard.txt"), "behind a hard link\n");
  stack.use(await setTraps(fixture));
  const before = { outside: await treeOf(fixture.outside), services: await treeOf(fixture.servicesDir) };
  const owned = stack.move();
  return { fixture, before, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe("paths", () => {
  let shared: Trapped;
  before(async () => {
    shared = await createTrapped();
  });
  after(() => shared[Symbol.asyncDispose]());

  test("are tried in more than 100 ways that must be refused", () => {
    assert.ok(pathCases.filter(({ push, pull }) => push !== done && pull !== done).length >= 100);
  });

  for (const tried of pathCases) {
    const { service, path } = tried;
    test(`a push to ${titleOf(tried)} is ${tried.push}`, async () => {
      // What is refused changes nothing, so that one fixture does for all of it.
      await using own = tried.push === done ? await createTrapped() : undefined;
      const { fixture, before } = own ?? shared;
      assert.equal(await outcomeOf(fixture.push(service, path, "pushed\n")), tried.push);
      assert.deepEqual(await treeOf(fixture.outside), before.outside);
      assert.deepEqual(fixture.registry.uploads.all(), []);
      if (own === undefined) assert.deepEqual(await treeOf(fixture.servicesDir), before.services);
      else assert.equal(await fixture.pull(service, path), "pushed\n");
    });

    test(`a pull of ${titleOf(tried)} is ${tried.pull}`, async () => {
      const { fixture, before } = shared;
      const pulled = fixture.pull(service, path);
      assert.equal(await outcomeOf(pulled), tried.pull);
      if (tried.pull === done) assert.notEqual(await pulled, canary);
      assert.deepEqual(await treeOf(fixture.outside), before.outside);
      assert.deepEqual(await treeOf(fixture.servicesDir), before.services);
    });
  }
});
