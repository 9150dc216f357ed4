import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { type BuildPlace, buildDefinition, createBuildPlace, dockerfile } from "./build-place.ts";
import { parsed } from "./tool.ts";

interface Report {
  steps: { kind: string; description: string }[];
  images: { image: string; result: string; steps: number; cached_steps: number; revision: string }[];
  failures: { image: string; error: { code: string; found: string; output: string[] } }[];
}

let place: BuildPlace;

before(async () => {
  place = await createBuildPlace();
});

after(() => place[Symbol.asyncDispose]());

async function define(service: string, image: string, instructions: string): Promise<void> {
  const name = image.slice(image.lastIndexOf("/") + 1).replace(/:.*/, "");
  await place.define(service, buildDefinition(service, { main: image }, { [name]: "Containerfile" }));
  await place.source({ [`${service}/Containerfile`]: instructions });
}

async function build(...argv: string[]): Promise<Report & { code: number | null; stderr: string }> {
  const { code, stdout, stderr } = await place.mcp("build", "-o", "json", ...argv);
  return { ...parsed<Report>(stdout), code, stderr };
}

const inspect = async (image: string): Promise<{ Config: { Labels: Record<string, string> } }> =>
  parsed<[{ Config: { Labels: Record<string, string> } }]>(
    await place.podman.cli("image", "inspect", image),
  )[0];

/** Working containers, and what podman keeps beside its store while it builds. */
async function leftOver(): Promise<string[]> {
  const containers = await place.podman.cli("ps", "--all", "--external", "--format", "{{.Names}}");
  const files = (await readdir(place.directory)).filter((name) => /^(mcp-image|buildah)/.test(name));
  return [...containers.split("\n").filter(Boolean), ...files];
}

describe("mcp build", () => {
  test("builds what is missing, and takes from the cache what did not change", async () => {
    await define("hello", "localhost/hello:dev-1", dockerfile("RUN echo one > /one", "COPY page /page"));
    await place.source({ "hello/page": "first" });
    const first = await build("hello");
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(
      first.steps.map(({ description }) => description),
      [
        `build image localhost/hello:dev-1 from hello/Containerfile for linux/${process.arch === "arm64" ? "arm64" : "amd64"}`,
      ],
    );
    assert.equal(first.images[0]?.result, "built");
    assert.match(first.stderr, /STEP 2\/\d+: RUN echo one > \/one/);
    const unchanged = await build("hello");
    assert.equal(unchanged.images[0]?.result, "unchanged");
    assert.match(unchanged.stderr, /^unchanged: podman here has its tag, .* or build it with --force$/m);
    assert.doesNotMatch(unchanged.stderr, /registry/);
    await place.source({ "hello/page": "second" });
    const again = await build("hello", "--force");
    assert.equal(again.images[0]?.result, "built");
    assert.equal(again.images[0].cached_steps, 1);
    const page = await place.podman.cli(
      "run",
      "--rm",
      "--network=none",
      "localhost/hello:dev-1",
      "/bin/cat",
      "/page",
    );
    assert.equal(page, "second");
    assert.deepEqual(await leftOver(), []);
  });

  test("only shows what it would do with --dry-run", async () => {
    await define("dry", "localhost/dry:v1", dockerfile());
    const { code, steps, images } = await build("dry", "--dry-run");
    assert.deepEqual([code, steps.length, images], [0, 1, []]);
    await assert.rejects(place.podman.cli("image", "exists", "localhost/dry:v1"));
  });

  test("passes build arguments without their values in any argument list", async () => {
    const show = "RUN tr '\\\\0' ' ' < /proc/$PPID/cmdline > /dev/null; echo \"$GREETING\" > /greeting";
    await define("argued", "localhost/argued:v1", dockerfile("ARG GREETING", show, "RUN sleep 3"));
    place.environment["GREETING"] = "moin-moin";
    const running = place.start("build", "argued", "--build-arg", "GREETING");
    await running.seen(/RUN sleep 3/);
    const { stdout } = await promisify(execFile)("ps", ["-eo", "args"]);
    assert.match(stdout, /--build-arg=GREETING( |$)/m);
    assert.doesNotMatch(stdout, /moin-moin/);
    delete place.environment["GREETING"];
    assert.equal((await running.result).code, 0);
    const greeting = ["run", "--rm", "--network=none", "localhost/argued:v1", "/bin/cat", "/greeting"];
    assert.equal((await place.podman.cli(...greeting)).trim(), "moin-moin");
    const missing = await place.mcp("build", "argued", "--build-arg", "GREETING");
    assert.deepEqual([missing.code, /The environment has no GREETING/.test(missing.stderr)], [2, true]);
  });

  test("gives secrets to instructions, and keeps them out of the image", async () => {
    await define(
      "secret",
      "localhost/secret:v1",
      dockerfile("RUN --mount=type=secret,id=key cat /run/secrets/key | wc -c > /size"),
    );
    const file = join(place.directory, "key");
    await writeFile(file, "0123456789");
    const { code, stderr } = await build("secret", "--secret", `id=key,src=${file}`);
    assert.equal(code, 0, stderr);
    const size = ["run", "--rm", "--network=none", "localhost/secret:v1", "/bin/cat", "/size"];
    assert.equal((await place.podman.cli(...size)).trim(), "10");
  });

  test("says which instruction failed, with its last lines, and leaves nothing behind", async () => {
    await define(
      "broken",
      "localhost/broken:v1",
      dockerfile("RUN echo compiling; echo 'no such header' >&2; exit 3"),
    );
    const { code, failures } = await build("broken");
    assert.equal(code, 1);
    assert.equal(failures[0]?.error.code, "IMAGE_BUILD_FAILED");
    assert.match(failures[0].error.found, /^the instruction RUN echo compiling.* failed$/);
    assert.ok(failures[0].error.output.includes("no such header"));
    assert.deepEqual(await leftOver(), []);
  });

  test("says so when the disk is full", async () => {
    await define(
      "full",
      "localhost/full:v1",
      dockerfile("RUN echo 'write /x: No space left on device' >&2; exit 1"),
    );
    const { failures } = await build("full");
    assert.match(failures[0]?.error.found ?? "", /disk of this machine is full/);
  });

  test("ends cleanly when it is interrupted, and leaves the name as it was", async () => {
    await define("slow", "localhost/slow:v1", dockerfile("RUN echo first > /which"));
    assert.equal((await build("slow")).code, 0);
    const before = await place.podman.cli("image", "inspect", "--format", "{{.Id}}", "localhost/slow:v1");
    await define(
      "slow",
      "localhost/slow:v1",
      dockerfile("RUN echo started; while :; do sleep 1; done", "RUN echo never"),
    );
    const running = place.start("build", "slow", "--force");
    await running.seen(/^ {2}started/m);
    running.child.kill("SIGINT");
    const { signal, stderr } = await running.result;
    assert.equal(signal, "SIGINT");
    assert.doesNotMatch(stderr, /never/);
    assert.match(stderr, /^interrupted: no image was made$/m);
    const now = await place.podman.cli("image", "inspect", "--format", "{{.Id}}", "localhost/slow:v1");
    assert.equal(now, before);
    assert.deepEqual(await leftOver(), []);
    const { stdout } = await promisify(execFile)("ps", ["-eo", "args"]);
    assert.doesNotMatch(stdout, /podman build .*slow\/Containerfile/);
  });
});

test("Ctrl-C on a terminal ends a build in the same way", async () => {
  const loop = "RUN echo started; while :; do sleep 1; done";
  await define("typed", "localhost/typed:v1", dockerfile(loop));
  const run = place.terminal("build", "typed");
  await run.seen("  started");
  run.type("\u0003");
  assert.equal(await run.result, 130);
  assert.deepEqual(await leftOver(), []);
});

describe("the source of an image", () => {
  test("is named by the definition: a typo is shown at its place with the nearest name", async () => {
    await place.define(
      "typo",
      buildDefinition("typo", { web: "localhost/hello:v1" }, { helo: "Containerfile" }),
    );
    const { code, stderr } = await place.mcp("build", "typo");
    assert.equal(code, 2);
    assert.match(stderr, /typo\.toml:4:8: no component uses an image named "helo".*\(did you mean hello\?\)/);
  });

  test("must be there, with its Dockerfile", async () => {
    await place.define(
      "absent",
      buildDefinition("absent", { web: "localhost/absent:v1" }, { absent: "Containerfile" }),
    );
    const nowhere = await build("absent");
    assert.equal(nowhere.failures[0]?.error.code, "BUILD_SOURCE_MISSING");
    await place.source({ "absent/README": "" });
    const { failures } = await build("absent");
    assert.equal(failures[0]?.error.code, "BUILD_SOURCE_MISSING");
    assert.match(failures[0].error.found, /no such file/);
  });

  test("does not lead out of the workspace", async () => {
    await mkdir(join(place.directory, "outside"));
    await writeFile(join(place.directory, "outside", "Containerfile"), dockerfile());
    await symlink(join(place.directory, "outside"), join(place.directory, "src", "linked"));
    const definition = buildDefinition("linked", { web: "localhost/linked:v1" }, { linked: "Containerfile" });
    await place.define("linked", definition);
    assert.equal((await build("linked")).failures[0]?.error.code, "BUILD_SOURCE_OUTSIDE");
    await place.define("linked", definition.replace("[build", 'path = "../outside"\n[build'));
    const { code, stderr } = await place.mcp("build", "linked");
    assert.deepEqual([code, /leads through/.test(stderr)], [2, true]);
  });

  test("of another architecture is built only where nothing of it has to run, or an emulator is there", async () => {
    const other = process.arch === "arm64" ? "amd64" : "arm64";
    await define("foreign", "localhost/foreign:v1", "FROM scratch\nCOPY file /file\n");
    await place.source({ "foreign/file": "content" });
    const copied = await build("foreign", "--arch", other);
    assert.equal(copied.code, 0, copied.stderr);
    const format = ["image", "inspect", "--format", "{{.Architecture}}", "localhost/foreign:v1"];
    assert.equal((await place.podman.cli(...format)).trim(), other);
    await define("foreign", "localhost/foreign:v2", dockerfile("RUN true"));
    const { failures } = await build("foreign", "--arch", other);
    assert.equal(failures[0]?.error.code, "PLATFORM_UNSUPPORTED");
  });
});

describe("a release", () => {
  before(async () => {
    await place.git("init", "--quiet");
    await place.git("remote", "add", "origin", "https://kyle:hunter2@git.example.net/team/hello.git?x=1");
    await define("app", "localhost/app:v1.0.0", dockerfile("COPY page /page"));
    await place.source({ "app/page": "one" });
    await place.git("add", "app");
    await place.git("commit", "--quiet", "--message=Begin");
  });

  test("is not built of a commit without its tag, nor of changed files, unless told so", async () => {
    const untagged = await build("app");
    assert.deepEqual([untagged.code, untagged.failures[0]?.error.code], [1, "BUILD_TREE_UNTAGGED"]);
    await place.git("tag", "app/v1.0.0");
    await place.source({ "app/new": "" });
    const dirty = await build("app");
    assert.equal(dirty.failures[0]?.error.code, "BUILD_TREE_DIRTY");
    assert.deepEqual(dirty.failures[0].error.output, ["app/new"]);
    const allowed = await build("app", "--allow-dirty");
    assert.equal(allowed.code, 0, allowed.stderr);
    assert.match(allowed.images[0]?.revision ?? "", /^[0-9a-f]{40}-dirty$/);
  });

  test("says what it was made from, without passwords, and is the same when made again", async () => {
    await place.git("add", "app");
    await place.git("commit", "--quiet", "--message=Add");
    await place.git("tag", "--force", "v1.0.0");
    assert.equal((await build("app", "--force")).code, 0);
    const head = await place.git("rev-parse", "HEAD");
    const { Labels } = (await inspect("localhost/app:v1.0.0")).Config;
    const time = Number(await place.git("log", "-1", "--format=%ct"));
    assert.equal(Labels["org.opencontainers.image.revision"], head);
    assert.equal(Labels["org.opencontainers.image.version"], "v1.0.0");
    assert.equal(Labels["org.opencontainers.image.source"], "https://git.example.net/team/hello.git");
    assert.equal(Labels["org.opencontainers.image.created"], new Date(time * 1000).toISOString());
    const id = await place.podman.cli("image", "inspect", "--format", "{{.Id}}", "localhost/app:v1.0.0");
    assert.equal((await build("app", "--force")).images[0]?.result, "built");
    assert.equal(
      await place.podman.cli("image", "inspect", "--format", "{{.Id}}", "localhost/app:v1.0.0"),
      id,
    );
  });

  test("is what a tag of another form is not: that is built of any tree", async () => {
    await place.define(
      "app",
      buildDefinition("app", { main: "localhost/app:dev-7" }, { app: "Containerfile" }),
    );
    await place.source({ "app/page": "changed" });
    const { code, images } = await build("app");
    assert.deepEqual([code, images[0]?.revision.endsWith("-dirty")], [0, true]);
  });
});

test("without podman the error says what is missing", async () => {
  await define("nopodman", "localhost/nopodman:v1", dockerfile());
  place.environment["PATH"] = "/nonexistent";
  const { failures } = await build("nopodman").finally(() => delete place.environment["PATH"]);
  assert.equal(failures[0]?.error.code, "PODMAN_UNUSABLE");
});
