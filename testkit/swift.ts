import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

const run = promisify(execFile);

const keepers = ["object", "container", "account"] as const;

/** OpenStack Swift with its S3 interface, a real object store, as processes of its own. It keeps its files in one
 * directory of a file system that has extended attributes. */
export interface TestSwift extends AsyncDisposable {
  /** Origin of its S3 interface, plain HTTP. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** As a machine that loses power does. */
  kill(): Promise<void>;
  /** Under the same address, with what it had. */
  start(): Promise<void>;
}

export async function createTestSwift(directory: string): Promise<TestSwift> {
  await mkdir(join(directory, "devices", "disk"), { recursive: true });
  const ports: Record<string, number> = {};
  for (const server of [...keepers, "proxy"]) ports[server] = await freePort();
  for (const server of keepers) await createRing(directory, server, ports[server] ?? 0);
  await Promise.all(
    Object.entries(ports).map(([server, port]) =>
      writeFile(join(directory, `${server}.conf`), configuration(directory, server, port)),
    ),
  );
  const endpoint = `http://127.0.0.1:${ports["proxy"]}`;
  let children: ChildProcess[] = [];

  async function kill(): Promise<void> {
    const ending = children;
    children = [];
    await Promise.all(
      ending.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill("SIGKILL");
        await once(child, "exit");
      }),
    );
  }

  async function start(): Promise<void> {
    children = Object.keys(ports).map((server) =>
      spawn(`swift-${server}-server`, [join(directory, `${server}.conf`)], { stdio: "ignore" }),
    );
    // Whether each of the four listens; what they answer does not matter.
    await Promise.all(Object.values(ports).map((port) => eventually(() => answers(port), 30_000)));
  }

  await start();
  return {
    endpoint,
    accessKeyId: "test:tester",
    secretAccessKey: "testing",
    kill,
    start,
    [Symbol.asyncDispose]: kill,
  };
}

/** One device, one copy. */
async function createRing(directory: string, server: string, port: number): Promise<void> {
  const builder = join(directory, `${server}.builder`);
  for (const args of [
    ["create", "2", "1", "0"],
    ["add", `r1z1-127.0.0.1:${port}/disk`, "1"],
    ["rebalance"],
  ]) {
    await run("swift-ring-builder", [builder, ...args]);
  }
}

function configuration(directory: string, server: string, port: number): string {
  const common = `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
user = ${userInfo().username}
swift_dir = ${directory}
devices = ${join(directory, "devices")}
mount_check = false
fallocate_reserve = 0
workers = 0
`;
  if (server === "proxy") return common + proxy;
  return `${common}[pipeline:main]\npipeline = ${server}-server\n[app:${server}-server]\nuse = egg:swift#${server}\n`;
}

const proxy = `[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth bulk slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
`;

function answers(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path: "/", timeout: 5_000 }, (response) => {
      response.resume();
      resolve();
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}
