import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { RouteMode } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createProxyClient, type ProxyClient } from "../client.ts";
import { type Config, configSchema } from "../config.ts";
import type { Engine } from "../engine/engine.ts";
import { startProxy } from "../proxy.ts";
import { FakeEngine } from "./fake-engine.ts";
import { MovedClock } from "./moved-clock.ts";

/** A control plane that serves, in a directory of its own. */
export interface ControlPlane extends AsyncDisposable {
  readonly root: string;
  readonly config: Config;
  readonly client: ProxyClient;
  readonly clock: MovedClock;
  /** What it logged. */
  readonly lines: string[];
  /** Starts another one in the same directory. */
  again(overrides?: Record<string, unknown>): Promise<AsyncDisposable>;
  stop(): Promise<void>;
}

/** The configuration of a proxy in a directory; sections of `overrides` replace its own. */
export function aConfig(root: string, overrides: Record<string, unknown> = {}): Config {
  return configSchema.parse({
    admin: { socket: join(root, "run", "admin.sock") },
    database: { path: join(root, "mc-proxy.db") },
    certificates: { directory: join(root, "certs") },
    listen: { addresses: ["127.0.0.1"], ports: [443, 8443] },
    reconcile: { interval: "100ms" },
    ...overrides,
  });
}

export async function startControlPlane(
  options: { engine?: Engine; overrides?: Record<string, unknown> } = {},
): Promise<ControlPlane> {
  await using stack = new AsyncDisposableStack();
  const root = stack.use(await createTemporaryDirectory()).path;
  await mkdir(join(root, "certs"));
  const engine = options.engine ?? new FakeEngine();
  const config = aConfig(root, options.overrides);
  const clock = new MovedClock();
  const lines: string[] = [];
  const logger = createLogger({
    name: "test",
    level: "debug",
    destination: { write: (line) => lines.push(line) },
  });
  const start = (with_: Config) =>
    startProxy({
      config: with_,
      openEngine: async () => engine,
      newId: randomUUID,
      version: "1.2.3",
      clock,
      logger,
    });
  const proxy = stack.use(await start(config));
  const client = stack.use(createProxyClient({ socket: config.admin.socket, timeoutMs: 60_000 }));
  const owned = stack.move();
  let stopped = false;
  return {
    root,
    config,
    client,
    clock,
    lines,
    again: (overrides) => start(aConfig(root, { ...options.overrides, ...overrides })),
    async stop() {
      if (!stopped) await proxy[Symbol.asyncDispose]();
      stopped = true;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A route as the admin API takes it. */
export function aRoute(overrides: Record<string, unknown> = {}) {
  return {
    port: 443,
    hostname: "hello.example.org",
    mode: RouteMode.L7,
    backend: "127.0.0.1:8080",
    owner: "hello/web",
    ...overrides,
  };
}
