import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { createProxyClient } from "@metacircular/mc-proxy/client.ts";
import { RouteMode } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { startHaproxy } from "@metacircular/testkit/haproxy.ts";
import { createOciLayout } from "@metacircular/testkit/oci-layout.ts";
import { startProgram } from "@metacircular/testkit/program.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";

const execute = promisify(execFile);
const proxyAddress = "127.0.0.9";

/** A registry that clients know under the address of a proxy before it. */
async function startBehind(proxyPort: number, from: string): Promise<TestRegistry> {
  return startTestRegistry({
    configuration: "[login]\naddress_failures = 3",
    environment: {
      MCR_SERVER_EXTERNAL_URL: `https://localhost:${proxyPort}`,
      MCR_SERVER_PROXY_PROTOCOL_FROM: from,
    },
  });
}

/** Asks for a token from another address of this machine; the status of the answer. */
async function askToken(
  { ca, port }: { ca: Buffer; port: number },
  from: string,
  username: string,
  password: string,
): Promise<number | undefined> {
  const asked = request({
    host: "127.0.0.1",
    port,
    servername: "localhost",
    path: "/v2/token",
    localAddress: from,
    auth: `${username}:${password}`,
    agent: false,
    ca,
  });
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  await text(answer);
  return answer.statusCode;
}

/** One client guesses until it is stopped; another logs in meanwhile. */
async function guess(registry: TestRegistry, door: { ca: Buffer; port: number }, at: string): Promise<void> {
  const [guesser, other] = [`127.0.${at}.66`, `127.0.${at}.67`];
  const statuses: (number | undefined)[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    statuses.push(await askToken(door, guesser, `target-${at}-${turn}`, "guess"));
  }
  assert.deepEqual(statuses, [401, 401, 401, 429], "each client has a limit of its own");
  const { name, password } = registry.user;
  assert.equal(await askToken(door, other, name, password), 200);
  assert.equal(await askToken(door, guesser, name, password), 429);
  const known = await addressesOf(registry, `target-${at}-0`);
  assert.deepEqual(known, [guesser], "the identity service learns it too");
  assert.deepEqual(refusedHeaders(registry), []);
}

/** Where the identity service says that logins of an account came from. */
async function addressesOf(registry: TestRegistry, account: string): Promise<unknown[]> {
  const printed = await registry.identity.admin(["audit", "-o", "json"]);
  const entries = printed.trim().split("\n");
  return entries
    .map((line) => JSON.parse(line) as { account?: string; address?: string })
    .filter((entry) => entry.account === account)
    .map(({ address }) => address);
}

function logOf({ program }: TestRegistry, message: string): Record<string, unknown>[] {
  return program.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === message);
}

function refusedHeaders({ program }: TestRegistry): string[] {
  return program.log.filter((line) => line.includes("PROXY_HEADER_INVALID"));
}

describe("a registry behind HAProxy, which passes TLS on", () => {
  let registry: TestRegistry;
  let haproxy: AsyncDisposable;
  let ports: readonly [binary: number, text: number];
  let ca: Buffer;

  before(async () => {
    ports = [await freePort(), await freePort()];
    registry = await startBehind(ports[0], proxyAddress);
    ca = await readFile(registry.caFile);
    const { port } = new URL(registry.url);
    const door = (at: number, option: string): string[] => [
      `listen door-${at}`,
      `  bind 127.0.0.1:${at}`,
      `  server mcr 127.0.0.1:${port} ${option} source ${proxyAddress} check inter 100ms fall 10000`,
    ];
    haproxy = await startHaproxy(registry.directory, ports[0], [
      "defaults",
      "  mode tcp",
      "  timeout connect 10s",
      "  timeout client 60s",
      "  timeout server 60s",
      ...door(ports[0], "send-proxy-v2"),
      ...door(ports[1], "send-proxy"),
    ]);
  });
  after(async () => {
    await haproxy[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  for (const [index, option] of ["send-proxy-v2", "send-proxy"].entries()) {
    test(`counts wrong passwords by the client's address, with ${option}`, async () => {
      const [binary, readable] = ports;
      await guess(registry, { ca, port: index === 0 ? binary : readable }, `${index + 1}`);
    });
  }

  test("takes an image of skopeo, and writes down whose it is; the proxy's checks are no clients", async () => {
    const directory = join(registry.directory, "skopeo");
    await mkdir(join(directory, "trust"), { recursive: true });
    await writeFile(join(directory, "trust", "ca.crt"), ca);
    const layout = join(directory, "image");
    await createOciLayout(layout, { layers: 2, layerBytes: 100_000 });
    const trusted = ["--authfile", join(directory, "auth.json")];
    const { name, password } = registry.admin;
    const address = `localhost:${ports[0]}`;
    const login = ["login", ...trusted, "--cert-dir", join(directory, "trust"), "-u", name, "-p", password];
    assert.match((await execute("skopeo", [...login, address])).stdout, /Login Succeeded/u);
    const copy = ["copy", ...trusted, "--dest-cert-dir", join(directory, "trust"), "--insecure-policy"];
    await execute("skopeo", [...copy, `oci:${layout}`, `docker://${address}/team/app:1`]);
    await eventually(() => {
      const pushes = logOf(registry, "audit").filter(({ action }) => action === "push-manifest");
      assert.deepEqual(
        pushes.map(({ address: from, outcome }) => [from, outcome]),
        [["127.0.0.1", "ok"]],
      );
    });
    const peers = new Set(logOf(registry, "request").map(({ peer }) => peer));
    assert.ok(peers.has("127.0.0.1") && !peers.has(proxyAddress), [...peers].join(" "));
    assert.deepEqual(refusedHeaders(registry), []);
  });
});

test("a registry behind MC-Proxy counts wrong passwords by the client's address", async () => {
  const proxyPort = await freePort();
  await using registry = await startBehind(proxyPort, "127.0.0.1");
  const ca = await readFile(registry.caFile);
  const directory = join(registry.directory, "mc-proxy");
  await mkdir(join(directory, "certs"), { recursive: true });
  const [configFile, socket] = [join(directory, "mc-proxy.toml"), join(directory, "admin.sock")];
  const settings = {
    admin: { socket },
    database: { path: join(directory, "mc-proxy.db") },
    certificates: { directory: join(directory, "certs") },
    listen: { addresses: ["127.0.0.1"], ports: [proxyPort] },
    limits: { stop_timeout: "100ms" },
  };
  const sections = Object.entries(settings).map(([section, values]) => {
    const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    return [`[${section}]`, ...lines].join("\n");
  });
  await writeFile(configFile, sections.join("\n"));
  await using program = startProgram("mc-proxy/main.ts", ["server", "--config", configFile], {
    PATH: process.env["PATH"],
  });
  await program.line((line) => line.includes("mc-proxy is ready"));
  await using client = createProxyClient({ socket, timeoutMs: 20_000 });
  await client.addRoute({
    port: proxyPort,
    hostname: "localhost",
    mode: RouteMode.L4,
    backend: `127.0.0.1:${new URL(registry.url).port}`,
    sendProxyProtocol: true,
  });
  await guess(registry, { ca, port: proxyPort }, "3");
});
