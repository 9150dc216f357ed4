import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { aContainer } from "@metacircular/testkit/container-request.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import type { Runtime } from "../runtime/runtime.ts";

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

async function inspect(name: string, format: string): Promise<string> {
  return (await podman.cli("inspect", name, "--format", format)).trim();
}

describe("a container", () => {
  test("is created with everything that the request says, as podman sees it", async () => {
    await podman.network("backend");
    const data = join(podman.directory, "data");
    await mkdir(data, { recursive: true });
    await writeFile(join(data, "greeting"), "hello");
    const port = await freePort();
    const id = await run({
      ...{
        name: "full",
        network: "backend",
        networkAliases: ["api"],
        user: "65534:65534",
        restart: "on-failure:3",
      },
      ...{ ports: [`127.0.0.1:${port}:8081/tcp`], volumes: [`${data}:/data:ro`, "full-cache:/cache"] },
      ...{ env: ["PORT=8081", "EMPTY=", "EQUALS=a=b"], labels: { "net.example.a": "1" }, stopTimeoutS: 7 },
    });
    assert.equal(
      await inspect(
        "full",
        "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}",
      ),
      "on-failure 3",
    );
    assert.equal(
      await inspect("full", "{{.Config.User}} {{.Config.StopTimeout}} {{.HostConfig.Init}}"),
      "65534:65534 7 true",
    );
    assert.equal(await inspect("full", "{{.HostConfig.LogConfig.Type}}"), "k8s-file");
    assert.equal(await inspect("full", '{{index .Config.Labels "net.example.a"}}'), "1");
    assert.match(await inspect("full", "{{.NetworkSettings.Networks.backend.Aliases}}"), /\bapi\b/);
    const { output } = await runtime.exec(
      id,
      ["sh", "-c", "cat /data/greeting; id -u; echo $EQUALS; touch /data/x"],
      30_000,
    );
    assert.match(output, /^hello65534\na=b\n.*Read-only/);
    assert.equal(await eventually(async () => (await fetch(`http://127.0.0.1:${port}/`)).text()), "v1");
    const details = await runtime.inspect("full");
    assert.deepEqual(details?.networks, ["backend"]);
    assert.deepEqual(details.ports, [`127.0.0.1:${port}:8081/tcp`]);
    assert.deepEqual(details.mounts.toSorted(), [`${data}:/data:ro`, "full-cache:/cache"]);
    assert.match(details.address, /^10\.7\d\./);
  });

  test("is found by others of its network under its alias", async () => {
    const network = await podman.networkWithNames();
    await run({ name: "named", network, networkAliases: ["shop-api"] });
    const client = await run({ name: "asking", network });
    const { output } = await eventually(async () => {
      const result = await runtime.exec(client, ["wget", "-q", "-O", "-", "http://shop-api:8080/"], 30_000);
      assert.equal(result.exitCode, 0, result.output);
      return result;
    });
    assert.equal(output, "v1");
  });

  test("goes from created over running to exited, and is stopped, started and removed twice without an error", async () => {
    const id = await runtime.create(aContainer({ name: "twice" }));
    assert.equal((await runtime.inspect(id))?.state, "created");
    await runtime.start(id);
    await runtime.start(id);
    const running = (await runtime.list()).find((each) => each.id === id);
    assert.equal(running?.state, "running");
    assert.equal(running.pid, Number(await inspect("twice", "{{.State.Pid}}")));
    await serves(id);
    await runtime.stop(id);
    await runtime.stop(id);
    const exited = await runtime.inspect(id);
    assert.deepEqual([exited?.state, exited?.exitCode, exited?.pid], ["exited", 143, 0]);
    await runtime.start(id);
    await runtime.remove(id);
    await runtime.remove(id);
    await runtime.stop(id);
    assert.equal(await runtime.inspect(id), undefined);
  });

  test("is known by its new name after a rename, and its old one is free", async () => {
    const id = await run({ name: "before" });
    await runtime.rename(id, "after");
    assert.equal((await runtime.inspect("after"))?.id, id);
    assert.equal(await runtime.inspect("before"), undefined);
    await runtime.create(aContainer({ name: "before" }));
    await assert.rejects(runtime.rename(id, "before"), { code: "NAME_IN_USE" });
  });

  test("that is paused is stopped all the same", async () => {
    const id = await run({ name: "paused" });
    await podman.cli("pause", "paused");
    assert.equal((await runtime.inspect(id))?.state, "paused");
    await runtime.stop(id);
    assert.equal((await runtime.inspect(id))?.state, "exited");
  });

  test("that exits by itself shows its exit code, and what it was killed by", async () => {
    const id = await run({ name: "exits", image: "localhost/web:exits" });
    await eventually(async () => {
      const { state, exitCode } = (await runtime.inspect(id)) ?? {};
      assert.deepEqual([state, exitCode], ["exited", 3]);
    });
    assert.equal((await runtime.list()).find((each) => each.id === id)?.exitCode, 3);
  });

  test("takes its anonymous volumes along when it is removed, and leaves named ones", async () => {
    const id = await run({ name: "volumes", volumes: ["/scratch", "kept:/kept"] });
    const before = (await podman.cli("volume", "ls", "--quiet")).trim().split("\n");
    await runtime.remove(id);
    const left = (await podman.cli("volume", "ls", "--quiet")).trim().split("\n");
    assert.equal(left.length, before.length - 1);
    assert.ok(left.includes("kept"));
  });

  test("is created beside 19 others at once", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    const ids = await Promise.all(names.map((name) => runtime.create(aContainer({ name }))));
    assert.equal(new Set(ids).size, 20);
    await Promise.all(ids.map((id) => runtime.remove(id)));
  });
});

describe("an image", () => {
  test("that is here is not pulled", async () => {
    const { id, digest } = await runtime.pull("localhost/web:v2");
    assert.equal(
      (await podman.cli("image", "inspect", "localhost/web:v2", "--format", "{{.Id}} {{.Digest}}")).trim(),
      `${id} ${digest}`,
    );
  });

  test("of localhost that is not here fails at once, without the network (pull localhost/x)", async () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const logged = await podman.runtime(createLogger({ name: "podman", level: "debug", destination }));
    const asksNetwork = () => lines.some((line) => line.includes("podman pull"));
    await assert.rejects(logged.pull("localhost/nope:v1"), {
      code: "IMAGE_NOT_FOUND",
      subject: "localhost/nope:v1",
    });
    assert.ok(!asksNetwork(), lines.join("\n"));
    assert.equal(await logged.image("localhost/nope:v1"), undefined);
    await assert.rejects(logged.pull(`127.0.0.1:${await freePort()}/nope:v1`));
    assert.ok(asksNetwork(), lines.join("\n"));
  });

  test("of a registry that does not answer says so", async () => {
    await assert.rejects(runtime.pull(`127.0.0.1:${await freePort()}/x:v1`), {
      code: "REGISTRY_UNREACHABLE",
      category: "unavailable",
    });
  });

  test("that is waited for can be given up", async () => {
    const aborter = new AbortController();
    const pull = runtime.pull(`127.0.0.1:${await freePort()}/x:v1`, aborter.signal);
    aborter.abort(new Error("given up"));
    await assert.rejects(pull, /given up/);
  });
});

describe("a network", () => {
  test("exists or not", async () => {
    await podman.network("there");
    assert.equal(await runtime.networkExists("there"), true);
    assert.equal(await runtime.networkExists("nowhere"), false);
  });
});
