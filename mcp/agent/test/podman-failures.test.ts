import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { aContainer } from "@metacircular/testkit/container-request.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import type { Runtime } from "../runtime/runtime.ts";

/* Each of podman's traps that the driver meets has its test here or in the driver's other test files. */

let podman: TestPodman;
let runtime: Runtime;
before(async () => {
  podman = await createTestPodman();
  runtime = await podman.runtime();
});
after(() => podman[Symbol.asyncDispose]());

async function run(changes: Parameters<typeof aContainer>[0]): Promise<string> {
  const id = await runtime.create(aContainer(changes));
  await runtime.start(id);
  return id;
}

/** A signal that comes before the first process has begun to listen for it is lost. */
async function serves(id: string): Promise<void> {
  await eventually(async () => {
    const { exitCode } = await runtime.exec(id, ["wget", "-q", "-O", "-", "http://127.0.0.1:8080/"], 30_000);
    assert.equal(exitCode, 0);
  });
}

async function processes(name: string): Promise<{ monitor: number; container: number }> {
  const text = await podman.cli("inspect", name, "--format", "{{.State.ConmonPid}} {{.State.Pid}}");
  const [monitor = 0, container = 0] = text.split(" ").map(Number);
  assert.ok(monitor > 1 && container > 1);
  return { monitor, container };
}

describe("a creation fails", () => {
  for (const [what, changes, code] of [
    ["an image that is not here", { image: "localhost/nope:v1" }, "IMAGE_NOT_FOUND"],
    ["a network that does not exist", { network: "nowhere" }, "NETWORK_NOT_FOUND"],
    ["a mount whose source is missing", { volumes: ["/nowhere/data:/data"] }, "MOUNT_SOURCE_MISSING"],
    ["a restart policy that podman does not know", { restart: "sometimes" }, "CONTAINER_INVALID"],
    ["a port that cannot be read", { ports: ["http:80"] }, "CONTAINER_INVALID"],
  ] as const) {
    test(`with ${what}, and leaves nothing`, async () => {
      await assert.rejects(runtime.create(aContainer({ name: "failed", ...changes })), { code });
      assert.equal(await runtime.inspect("failed"), undefined);
    });
  }

  test("with a name that is taken", async () => {
    await runtime.create(aContainer({ name: "taken" }));
    await assert.rejects(runtime.create(aContainer({ name: "taken" })), { code: "NAME_IN_USE" });
  });

  test("when it is aborted, and the same name can be created again", async () => {
    const aborter = new AbortController();
    const creation = runtime.create(aContainer({ name: "aborted" }), aborter.signal);
    aborter.abort(new Error("given up"));
    await assert.rejects(creation, /given up/);
    assert.equal(await runtime.inspect("aborted"), undefined);
    await runtime.remove(await runtime.create(aContainer({ name: "aborted" })));
  });
});

describe("a failed start leaves a created container with exit code 0, and the error says why", () => {
  const failing = async (
    changes: Parameters<typeof aContainer>[0],
    code: string,
    words: RegExp,
  ): Promise<void> => {
    const id = await runtime.create(aContainer({ name: "start", ...changes }));
    await assert.rejects(runtime.start(id), { code, message: words });
    const left = await runtime.inspect(id);
    assert.deepEqual([left?.state, left?.exitCode, left?.error], ["created", 0, ""]);
    await runtime.remove(id);
  };

  test("when the port is taken, and another container gets the port afterwards", async () => {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const address = listener.address();
    assert.ok(typeof address === "object" && address !== null);
    const ports = [`127.0.0.1:${address.port}:8080`];
    await failing({ ports }, "PORT_IN_USE", new RegExp(`:${address.port}: bind: address already in use`));
    listener.close();
    await once(listener, "close");
    const id = await run({ name: "heir", ports });
    await eventually(async () =>
      assert.equal((await fetch(`http://127.0.0.1:${address.port}/`)).status, 200),
    );
    await runtime.remove(id);
  });

  test("when the user does not exist", async () => {
    await failing({ user: "nosuch" }, "USER_NOT_FOUND", /no matching entries in passwd file/);
  });
});

test("a start that succeeds is not yet running: a missing command ends it, and its log says so", async () => {
  const id = await run({ name: "badcmd", image: "localhost/web:badcmd" });
  await eventually(async () => assert.equal((await runtime.inspect(id))?.state, "exited"));
  assert.notEqual((await runtime.inspect(id))?.exitCode, 0);
  const lines: string[] = [];
  for await (const entry of runtime.logs(id, { follow: false })) lines.push(entry.text);
  assert.match(lines.join("\n"), /no such file/i);
});

test("a first process that ignores SIGTERM costs no more than its stop timeout, and one that does not nothing", async () => {
  const stubborn = await run({ name: "stubborn", image: "localhost/web:stubborn", stopTimeoutS: 1 });
  const polite = await run({ name: "polite", image: "localhost/web:v1", stopTimeoutS: 60 });
  await Promise.all([serves(stubborn), serves(polite)]);
  await Promise.all([runtime.stop(stubborn), runtime.stop(polite)]);
  assert.equal((await runtime.inspect(stubborn))?.exitCode, 137);
  assert.equal((await runtime.inspect(polite))?.exitCode, 143);
});

test("an aborted stop rejects at once, and the container stops all the same", async () => {
  const id = await run({ name: "slow", image: "localhost/web:stubborn", stopTimeoutS: 3 });
  const aborter = new AbortController();
  const stop = runtime.stop(id, aborter.signal);
  // Given up earlier, it is not even begun.
  await eventually(async () => assert.equal((await runtime.inspect(id))?.state, "stopping"));
  aborter.abort(new Error("given up"));
  await assert.rejects(stop, /given up/);
  await eventually(async () => assert.equal((await runtime.inspect(id))?.state, "exited"));
});

describe("a container that lost its monitor", () => {
  test("hangs in stopping after a stop, without a PID, and a removal clears it and frees its port", async () => {
    const port = await freePort();
    const ports = [`127.0.0.1:${port}:8080`];
    const id = await run({ name: "orphan", ports });
    process.kill((await processes("orphan")).monitor, "SIGKILL");
    await runtime.stop(id);
    const stopped = await runtime.inspect(id);
    assert.deepEqual([stopped?.state, stopped?.pid], ["stopping", 0]);
    await assert.rejects(runtime.start(id), { code: "CONTAINER_STUCK" });
    await runtime.remove(id);
    assert.equal(await runtime.inspect(id), undefined);
    const heir = await run({ name: "orphan", ports });
    await eventually(async () => assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200));
    await runtime.remove(heir);
  });

  test("and died with it runs for ever in podman's eyes, with the PID that a sweep finds dead; it can be stopped", async () => {
    const id = await run({ name: "ghost" });
    const { monitor, container } = await processes("ghost");
    process.kill(monitor, "SIGKILL");
    process.kill(container, "SIGKILL");
    await eventually(() => assert.throws(() => process.kill(container, 0), { code: "ESRCH" }));
    const ghost = (await runtime.list()).find((each) => each.id === id);
    assert.deepEqual([ghost?.state, ghost?.pid], ["running", container]);
    await runtime.stop(id);
    const stopped = await runtime.inspect(id);
    assert.match(stopped?.state ?? "", /^(stopping|exited)$/);
    assert.equal(stopped?.pid, 0);
    await runtime.remove(id);
    assert.equal(await runtime.inspect(id), undefined);
  });
});

test("the exit directory is the one of podman's configuration, and changes when a container ends", async () => {
  const { watch } = await import("node:fs");
  const [directory = ""] = await runtime.exitDirectories();
  assert.equal(directory, `${podman.directory}/tmp/exits`);
  const id = await run({ name: "watched" });
  const watcher = watch(directory);
  const changed = once(watcher, "change");
  process.kill((await processes("watched")).container, "SIGKILL");
  await changed;
  watcher.close();
  await eventually(async () => assert.equal((await runtime.inspect(id))?.exitCode, 137));
});
