import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, beforeEach, describe, test } from "node:test";

import { makeCertificates } from "@metacircular/mcdsl/test/certificates.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";

import { createPushPlace, type PushPlace } from "./push-place.ts";
import { parsed } from "./tool.ts";

const errorCode = (stderr: string): string => /"code": "(\w+)"/.exec(stderr)?.[1] ?? "";

let world: PushPlace;

before(async () => {
  world = await createPushPlace();
});

after(() => world[Symbol.asyncDispose]());

beforeEach(() => world.reset());

describe("mcp build with a registry", () => {
  test("pushes with the login of the identity service, and says the registry's digest", async () => {
    await world.define("hello", "v1.0.0", "RUN echo 1 > /version");
    const { code, images, stderr } = await world.build("hello");
    assert.equal(code, 0, stderr);
    const digest = await world.digestOf("hello", "v1.0.0");
    assert.match(digest ?? "", /^sha256:/);
    assert.deepEqual([images[0]?.result, images[0]?.digest], ["pushed", digest]);
    const again = await world.build("hello");
    assert.deepEqual([again.images[0]?.result, again.images[0]?.digest], ["unchanged", digest]);
    assert.match(again.stderr, /the source is not compared with it/);
    assert.ok(!stderr.includes(world.registry.admin.token));
    assert.deepEqual(
      (await readdir(world.place.directory)).filter((name) => name.startsWith("mcp-image")),
      [],
    );
  });

  test("does not change what a version stands for, even when forced, here neither", async () => {
    const named = async () =>
      (await world.place.podman.cli("images", "--no-trunc", "--format", "{{.Repository}} {{.ID}}"))
        .split("\n")
        .filter((line) => line.includes("/fixed "));
    await world.define("fixed", "v1.0.0", "RUN echo 1 > /version");
    assert.equal((await world.build("fixed")).code, 0);
    const digest = await world.digestOf("fixed", "v1.0.0");
    const before = await named();
    assert.equal(before.length, 1);
    await world.define("fixed", "v1.0.0", "RUN echo 2 > /version");
    const { code, failures } = await world.build("fixed", "--force");
    assert.deepEqual([code, failures[0]?.error.code], [1, "IMAGE_PUSH_FAILED"]);
    assert.match(failures[0]?.error.found ?? "", /tag exists already/);
    assert.equal(await world.digestOf("fixed", "v1.0.0"), digest);
    assert.deepEqual(await named(), before);
  });

  test("from two terminals at once leaves one image, and both succeed", async () => {
    await world.define("twice", "v1.0.0", "RUN sleep 0.3; date > /built");
    const both = await Promise.all([world.build("twice", "--no-cache"), world.build("twice", "--no-cache")]);
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
      both.map(({ stderr }) => stderr).join("\n"),
    );
    const digest = await world.digestOf("twice", "v1.0.0");
    assert.deepEqual(
      both.map(({ images }) => images[0]?.digest),
      [digest, digest],
    );
  });

  test("ends while it pushes when it is interrupted, and can be repeated", async () => {
    await world.define("big", "v1.0.0", "RUN dd if=/dev/urandom of=/data bs=1M count=40");
    const running = world.place.start("build", "big");
    await running.seen(/Copying blob/);
    world.registry.program.child.kill("SIGSTOP");
    running.child.kill("SIGINT");
    const { signal } = await running.result.finally(() => world.registry.program.child.kill("SIGCONT"));
    assert.equal(signal, "SIGINT");
    assert.deepEqual(
      (await readdir(world.place.directory)).filter((name) => name.startsWith("mcp-image")),
      [],
    );
    assert.equal(await world.digestOf("big", "v1.0.0"), undefined);
    assert.equal((await world.build("big")).images[0]?.result, "pushed");
  });

  test("says who is not let in: no push for this account, a login that has ended", async () => {
    await world.define("denied", "v1.0.0");
    world.place.environment["MCP_TOKEN"] = world.registry.user.token;
    const denied = await world.build("denied");
    assert.deepEqual([denied.code, denied.failures[0]?.error.code], [3, "REGISTRY_DENIED"]);
    world.place.environment["MCP_TOKEN"] = await world.registry.identity.systemToken("short", "1s");
    await eventually(async () => {
      const { code, stderr } = await world.build("denied");
      assert.deepEqual([code, errorCode(stderr)], [3, "REGISTRY_DENIED"]);
    });
  });

  test("is looked at by mcp doctor: workspace, podman, registry and login", async () => {
    const { stdout, stderr } = await world.place.mcp("doctor", "-o", "json");
    assert.notEqual(stdout, "", stderr);
    const { machine } = parsed<{ machine: { check: string; severity: string; found: string }[] }>(stdout);
    const found = machine.filter(({ check }) => check === "building" || check === "registry");
    assert.deepEqual(
      found.map(({ severity }) => severity),
      ["ok", "ok", "ok"],
      JSON.stringify(found),
    );
  });

  test("never gives the login to a registry that is not the configured one", async () => {
    await world.define("hello", "v3.0.0");
    await world.configure({ address: "mcr.example.net:8443" });
    const { code, failures } = await world.build("hello");
    // Its authority is trusted for the configured registry only.
    assert.deepEqual([code, failures[0]?.error.code], [4, "TLS_FAILED"]);
  });

  test("says that the registry's authority is not the right one", async () => {
    await world.define("hello", "v4.0.0");
    using other = makeCertificates();
    await world.configure({ caFile: other.caFile });
    const { code, failures } = await world.build("hello");
    assert.deepEqual([code, failures[0]?.error.code], [4, "TLS_FAILED"]);
  });
});
