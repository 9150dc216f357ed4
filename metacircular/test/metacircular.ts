import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import { checkout } from "@metacircular/testkit/program.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Process, ownProcesses } from "../processes/process-table.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Status {
  readonly ok: boolean;
  readonly programs: readonly { name: string; running: boolean; healthy: boolean; pid: number | null }[];
  readonly services:
    | readonly {
        name: string;
        components: { name: string; observed_state: string; host_ports: number[] }[];
      }[]
    | null;
}

const entries = {
  supervisor: "/metacircular/main.ts",
  mcias: "/mcias/main.ts",
  metacrypt: "/metacrypt/main.ts",
  mcns: "/mcns/main.ts",
  mcr: "/mcr/main.ts",
  "mc-proxy": "/mc-proxy/main.ts",
  "mcp-agent": "/mcp/agent/main.ts",
};

/** A platform in a state directory of its own, on a podman of its own. */
export interface TestPlatform extends AsyncDisposable {
  readonly state: string;
  readonly podman: TestPodman;
  /** Runs `metacircular <args> --state …`. */
  run(...args: string[]): Promise<Outcome>;
  /** Runs `mcp <args>` as the operator. */
  mcp(...args: string[]): Promise<Outcome>;
  status(): Promise<Status>;
  /** Processes that belong to the state directory. */
  processes(): Promise<Process[]>;
  /** The id of a program that runs once. */
  pid(program: keyof typeof entries): Promise<number>;
  /** What `metacircular env` exports. */
  exported(): Promise<Record<string, string>>;
  /** Where the web component of the sample answers. */
  url(): Promise<string>;
  ticks(): Promise<number>;
  /** Name to id of its containers, as podman knows them. */
  containers(): Promise<Record<string, { id: string; state: string }>>;
}

export async function createTestPlatform(): Promise<TestPlatform> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await createTemporaryDirectory());
  const podman = stack.use(await createTestPodman({ images: [] }));
  const state = join(directory.path, "state");
  const environment = { ...podman.environment, NODE_COMPILE_CACHE: join(checkout, ".cache", "compiled") };
  const runMetacircular = (...args: string[]): Promise<Outcome> => {
    return execute("metacircular/main.ts", [...args, "--state", state], environment);
  };
  stack.defer(async () => void (await runMetacircular("down", "--purge", "--yes")));
  const owned = stack.move();
  const processes = async (): Promise<Process[]> => {
    return (await ownProcesses()).filter(({ argv }) => argv.some((text) => text.includes(state)));
  };
  const status = async (): Promise<Status> => {
    return JSON.parse((await runMetacircular("status", "--output", "json")).stdout) as Status;
  };
  return {
    state,
    podman,
    run: runMetacircular,
    mcp: (...args) =>
      execute("mcp/cli/main.ts", args, { ...environment, MCP_CONFIG: join(state, "operator", "mcp.toml") }),
    status,
    async exported() {
      const { stdout } = await runMetacircular("env");
      const pairs = stdout.matchAll(/^export (\w+)=(.*)$/gm);
      return Object.fromEntries([...pairs].map(([, name = "", value = ""]) => [name, value]));
    },
    processes,
    async pid(program) {
      const found = (await processes()).filter(({ argv }) =>
        argv.some((text) => text.endsWith(entries[program])),
      );
      assert.equal(found.length, 1, `${program} runs ${found.length} times`);
      return found[0]?.pid ?? 0;
    },
    async url() {
      const components = (await status()).services?.flatMap(({ components }) => components);
      const port = components?.find(({ name }) => name === "web")?.host_ports[0];
      assert.ok(port !== undefined, "hello/web has no port");
      return `http://127.0.0.1:${port}/`;
    },
    async ticks() {
      const text = await readFile(join(state, "srv", "hello", "ticks.json"), "utf8");
      return (JSON.parse(text) as { ticks: number }).ticks;
    },
    async containers() {
      const rows = JSON.parse(await podman.cli("ps", "--all", "--format", "json")) as {
        Id: string;
        Names: string[];
        State: string;
      }[];
      return Object.fromEntries(
        rows.map(({ Id, Names, State }) => [Names[0] ?? "", { id: Id, state: State }]),
      );
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Runs a program of the checkout to its end. */
export function execute(entry: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  return run(process.execPath, [join(checkout, entry), ...args], env);
}

/** Runs any program to its end. */
export function run(program: string, args: readonly string[], env = process.env): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env }, (error, stdout, stderr) => {
      if (error instanceof Error && typeof error.code !== "number") reject(error);
      else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end();
  });
}
