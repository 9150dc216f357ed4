import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { userInfo } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

/** Swift's four servers, with one disk and one copy, in one process, which starts many times as fast as four. Arguments:
 * the directory, and name and port of each server. */
const program = `
import eventlet, logging, os, sys
eventlet.monkey_patch()
from eventlet import wsgi
from swift.common.http_protocol import SwiftHttpProtocol
from swift.common.ring import RingBuilder
from swift.common.wsgi import loadapp
quiet = logging.getLogger("quiet")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False
directory, arguments = sys.argv[1], sys.argv[2:]
servers = dict(zip(arguments[::2], arguments[1::2]))
for name, port in servers.items():
    ring = os.path.join(directory, name + ".ring.gz")
    if name == "proxy" or os.path.exists(ring):
        continue
    builder = RingBuilder(2, 1, 0)
    builder.add_dev(dict(region=1, zone=1, ip="127.0.0.1", port=int(port), device="disk", weight=1))
    builder.rebalance()
    builder.get_ring().save(ring)
for name, port in servers.items():
    app = loadapp(os.path.join(directory, name + ".conf"))
    socket = eventlet.listen(("127.0.0.1", int(port)), backlog=128)
    eventlet.spawn(wsgi.server, socket, app, log=quiet, protocol=SwiftHttpProtocol, capitalize_response_headers=False)
eventlet.sleep(86400)
`;

const names = ["object", "container", "account", "proxy"] as const;

/** OpenStack Swift with its S3 interface, a real object store, in a process of its own. It keeps its files in one
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
  for (const server of names) ports[server] = await freePort();
  await Promise.all(
    Object.entries(ports).map(([server, port]) =>
      writeFile(join(directory, `${server}.conf`), configuration(directory, server, port)),
    ),
  );
  const endpoint = `http://127.0.0.1:${ports["proxy"]}`;
  let child: ChildProcess | undefined;

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async function start(): Promise<void> {
    const servers = Object.entries(ports).flatMap(([server, port]) => [server, String(port)]);
    child = spawn("/usr/bin/python3", ["-c", program, directory, ...servers], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    // Whether each of the four listens; what they answer does not matter.
    await Promise.all(Object.values(ports).map((port) => eventually(() => answers(port), 120_000)));
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
max_bucket_listing = 7
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
    const outgoing = request({ host: "127.0.0.1", port, path: "/", timeout: 30_000 }, (response) => {
      response.resume();
      resolve();
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}
