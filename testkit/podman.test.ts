import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { aContainer } from "./container-request.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { createTestPodman, type TestPodman } from "./podman.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

interface Traces {
  readonly bridges: string[];
  readonly rules: string[];
  readonly mounts: string[];
  readonly processes: string[];
}

/** What a podman of a test has on the machine outside its directory. */
function tracesOf(podman: TestPodman, subnets: readonly string[]): Traces {
  const number = podman.directory.split("/").at(-1);
  const rules = execFileSync("iptables-save", { encoding: "utf8" }).split("\n");
  return {
    bridges: readdirSync("/sys/class/net").filter((name) => name.startsWith(`mcpt${number}-`)),
    rules: rules.filter((rule) => subnets.some((subnet) => rule.includes(subnet))),
    mounts: readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(` ${podman.directory}/`)),
    processes: readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && belongsTo(pid, podman.directory)),
  };
}

function belongsTo(pid: string, directory: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`CONTAINERS_CONF=${directory}/`);
  } catch {
    return false;
  }
}

const nothing: Traces = { bridges: [], rules: [], mounts: [], processes: [] };

async function serve(podman: TestPodman, count: number): Promise<{ ports: number[]; subnets: string[] }> {
  await podman.network("backend");
  const runtime = await podman.runtime();
  const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
  const subnets = new Set<string>();
  await Promise.all(
    ports.map(async (port, index) => {
      const network = index % 2 === 0 ? "backend" : "";
      const request = aContainer({ name: `web-${index}`, network, ports: [`127.0.0.1:${port}:8080`] });
      await runtime.start(await runtime.create(request));
      const { address = "" } = (await runtime.inspect(request.name)) ?? {};
      subnets.add(address.replace(/\.\d+$/, ".0/24"));
    }),
  );
  return { ports, subnets: [...subnets] };
}

async function assertAnswers(ports: readonly number[]): Promise<void> {
  await Promise.all(
    ports.map((port) =>
      eventually(async () => assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "v1")),
    ),
  );
}

test("two podmans serve beside each other, and the end of one leaves the other and no trace of itself", async () => {
  await using one = await createTestPodman();
  await using other = await createTestPodman();
  const [served, ended] = await Promise.all([serve(one, 4), serve(other, 4)]);
  assert.equal(new Set([...served.subnets, ...ended.subnets]).size, 4);
  await assertAnswers([...served.ports, ...ended.ports]);
  assert.notDeepEqual(tracesOf(other, ended.subnets), nothing);
  await other[Symbol.asyncDispose]();
  assert.deepEqual(tracesOf(other, ended.subnets), nothing);
  assert.equal(existsSync(other.directory), false);
  await assertAnswers(served.ports);
});

test("what a killed test left is ended by the next one", async () => {
  const program = `
    import { createTestPodman } from ${JSON.stringify(new URL("podman.ts", import.meta.url).href)};
    import { aContainer } from ${JSON.stringify(new URL("container-request.ts", import.meta.url).href)};
    const podman = await createTestPodman();
    const runtime = await podman.runtime();
    await runtime.start(await runtime.create(aContainer()));
    process.stdout.write(podman.directory + " " + (await runtime.inspect("web")).pid + "\\n");
    setInterval(() => {}, 1000);
  `;
  const killed = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(killed.stdout, "data")) as [Buffer];
  const [directory = "", pid = ""] = line.toString().trim().split(" ");
  killed.kill("SIGKILL");
  await once(killed, "exit");
  assert.ok(existsSync(`/proc/${pid}`));
  await using next = await createTestPodman({ images: [] });
  // Another test that begins in this moment may have begun to end it.
  await eventually(() => {
    assert.equal(existsSync(`/proc/${pid}`), false);
    assert.equal(next.directory === directory || !existsSync(directory), true);
  });
  assert.deepEqual((await next.cli("ps", "--all", "--quiet")).trim(), "");
});

test("the sample images do what their tags say", async () => {
  await using podman = await createTestPodman();
  const runtime = await podman.runtime();
  const port = await freePort();
  const start = async (tag: string, host: number): Promise<string> => {
    const id = await runtime.create(
      aContainer({ name: tag, image: `localhost/web:${tag}`, ports: [`127.0.0.1:${host}:8080`] }),
    );
    await runtime.start(id);
    return id;
  };
  const sick = await start("sick", port);
  await eventually(async () => assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200));
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 404);
  await runtime.remove(sick);
  const silent = await start("silent", port);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
  assert.equal((await runtime.inspect(silent))?.state, "running");
  await podman.image("localhost/own:v1", {
    entrypoint: ["/bin/cat", "/etc/greeting"],
    files: { "/etc/greeting": "hello" },
  });
  assert.equal(await podman.cli("run", "--rm", "localhost/own:v1"), "hello");
});

test("the set-up script makes a podman of its own in a directory, and the second time changes nothing", async () => {
  await using directory = await createTemporaryDirectory();
  const script = fileURLToPath(new URL("../scripts/setup-podman", import.meta.url));
  const setUp = (): string => spawnSync(script, ["--isolated", directory.path], { encoding: "utf8" }).stderr;
  assert.match(setUp(), /wrote .*containers\.conf/);
  const written = new Set(readdirSync(directory.path, { recursive: true, encoding: "utf8" }));
  assert.equal(setUp(), "");
  assert.deepEqual(new Set(readdirSync(directory.path, { recursive: true, encoding: "utf8" })), written);
  const lines = readFileSync(`${directory.path}/env`, "utf8").trim().split("\n");
  const variables = lines.map((line) => line.replace("export ", "").split("=", 2) as [string, string]);
  const env = { PATH: process.env["PATH"], HOME: directory.path, ...Object.fromEntries(variables) };
  const format = "{{.Store.GraphRoot}} {{.Store.RunRoot}}";
  const shown = execFileSync("podman", ["info", "--format", format], { env, encoding: "utf8" });
  assert.equal(shown.trim(), `${directory.path}/graph ${directory.path}/run`);
});
