import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

import { startOnTerminal, type TerminalRun } from "./terminal.ts";
import { runTool, type RunningTool, startTool, type ToolResult } from "./tool.ts";

/** A machine that builds: podman, a workspace with sources, definitions, and a configuration. */
export interface BuildPlace extends AsyncDisposable {
  readonly directory: string;
  readonly podman: TestPodman;
  /** Further environment of the tool. */
  readonly environment: Record<string, string>;
  mcp(...argv: string[]): Promise<ToolResult>;
  start(...argv: string[]): RunningTool;
  /** As `start`, on a terminal. */
  terminal(...argv: string[]): TerminalRun;
  /** Writes files below the workspace. */
  source(files: Readonly<Record<string, string>>): Promise<void>;
  define(service: string, text: string): Promise<void>;
  configure(text: string): Promise<void>;
  /** Runs git in the workspace. */
  git(...args: string[]): Promise<string>;
}

/** What the nodes of a machine without any are. */
const noNode = '[[nodes]]\nname = "rift"\naddress = "127.0.0.1:1"\n';

export async function createBuildPlace(): Promise<BuildPlace> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await createTemporaryDirectory());
  const podman = stack.use(await createTestPodman({ images: [{ name: "localhost/base:v1" }] }));
  const configFile = join(directory, "mcp.toml");
  const workspace = join(directory, "src");
  await mkdir(workspace);
  await mkdir(join(directory, "services"));
  const environment: Record<string, string> = {};
  const env = () => ({ ...podman.environment, MCP_CONFIG: configFile, TMPDIR: directory, ...environment });
  const configure = (text: string) =>
    writeFile(configFile, `[build]\nworkspace = "src"\n${text}\n${text.includes("[[nodes]]") ? "" : noNode}`);
  await configure("");
  const owned = stack.move();
  return {
    directory,
    podman,
    environment,
    configure,
    mcp: (...argv) => runTool(argv, { env: env() }),
    start: (...argv) => startTool(argv, { env: env() }),
    terminal: (...argv) => startOnTerminal(argv, env()),
    async source(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(workspace, name)), { recursive: true });
        await writeFile(join(workspace, name), text);
      }
    },
    define: (service, text) => writeFile(join(directory, "services", `${service}.toml`), text),
    async git(...args) {
      const author = ["-c", "user.name=Kyle", "-c", "user.email=kyle@example.net"];
      const { stdout } = await promisify(execFile)("git", [...author, "-C", workspace, ...args]);
      return stdout.trim();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A Dockerfile that adds some instructions to the image that is there. */
export function dockerfile(...lines: string[]): string {
  return ["FROM localhost/base:v1", ...lines, ""].join("\n");
}

/** A definition with one component per image, each built from the Dockerfile that is named. */
export function buildDefinition(
  service: string,
  images: Readonly<Record<string, string>>,
  dockerfiles: Readonly<Record<string, string>>,
): string {
  const build = Object.entries(dockerfiles).map(([name, file]) => `${name} = "${file}"\n`);
  const components = Object.entries(images).map(
    ([name, image]) => `[[components]]\nname = "${name}"\nimage = "${image}"\n`,
  );
  return `name = "${service}"\nnode = "rift"\n[build.images]\n${build.join("")}${components.join("")}`;
}
