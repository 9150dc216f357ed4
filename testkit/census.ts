import assert from "node:assert/strict";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { eventually } from "./eventually.ts";
import type { TestNode } from "./node.ts";
import { processesOf } from "./podman-teardown.ts";
import { rowCounts } from "./registry/row-counts.ts";

/** Everything on a node that an operation could leave behind, counted. */
export interface Census {
  readonly residentMb: number;
  readonly threads: number;
  /** Open file descriptors of the agent by kind: `socket`, `pipe`, `anon_inode`, `file`. */
  readonly fileDescriptors: Readonly<Record<string, number>>;
  /** Open file descriptors of podman's API service that the agent runs. */
  readonly runtimeFileDescriptors: number;
  /** `name state` of each container, sorted. */
  readonly containers: readonly string[];
  /** Processes of the node's podman by name. */
  readonly processes: Readonly<Record<string, number>>;
  /** Files and directories by the top directories that they lie in. Podman's lock files are left out: the tests'
   * podman keeps locks in files, and a monitor's late clean-up creates that of a removed container anew. Elsewhere
   * they are in shared memory, of a fixed number, and given back. */
  readonly files: Readonly<Record<string, number>>;
  /** Rows by table of the registry. */
  readonly rows: Readonly<Record<string, number>>;
  /** Of the registry and its write-ahead log. */
  readonly databaseBytes: number;
}

/** Counts what there is now. */
export async function takeCensus(node: TestNode): Promise<Census> {
  const pid = node.agent.program.child.pid ?? 0;
  const database = join(node.directory, "mcp.db");
  const processes = await processesOf(node.podman);
  const service = processes.find(({ name }) => name === "podman")?.pid;
  const [status, containers, files, ...sizes] = await Promise.all([
    readFile(`/proc/${pid}/status`, "utf8"),
    containersOf(node),
    filesOf([node.directory, node.podman.directory]),
    ...[database, `${database}-wal`].map(sizeOf),
  ]);
  return {
    residentMb: (statusField(status, "VmRSS") * 1_024) / 1_000_000,
    threads: statusField(status, "Threads"),
    fileDescriptors: await openFiles(pid),
    runtimeFileDescriptors: service === undefined ? 0 : total(await openFiles(service)),
    containers,
    processes: countBy(processes.map(({ name }) => name)),
    files,
    rows: rowCounts(database),
    databaseBytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** Counts once nothing comes and goes any more: a monitor that cleans up, a connection that is about to close. */
export async function takeStillCensus(node: TestNode): Promise<Census> {
  let last = await takeCensus(node);
  return eventually(async () => {
    const { residentMb: _, databaseBytes: __, ...before } = last;
    last = await takeCensus(node);
    const { residentMb: ___, databaseBytes: ____, ...now } = last;
    assert.deepEqual(now, before);
    return last;
  });
}

async function openFiles(pid: number): Promise<Record<string, number>> {
  const directory = `/proc/${pid}/fd`;
  const numbers = await readdir(directory);
  // Some are closed while they are looked at.
  const targets = await Promise.all(
    numbers.map((number) => readlink(`${directory}/${number}`).catch(() => "")),
  );
  return countBy(
    targets.filter((target) => target !== "").map((target) => /^(\w+):/.exec(target)?.[1] ?? "file"),
  );
}

/** Sum of the counts. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function sizeOf(file: string): Promise<number> {
  const status = await stat(file).catch(() => undefined);
  return status?.size ?? 0;
}

function statusField(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
}

async function containersOf({ podman }: TestNode): Promise<string[]> {
  const text = await podman.cli("ps", "--all", "--external", "--format", "json");
  const listed = JSON.parse(text) as readonly { Names: readonly string[]; State: string }[];
  return listed.map(({ Names, State }) => `${Names[0]} ${State}`).toSorted();
}

/** What is deeper than two levels counts for its directory there. */
async function filesOf(roots: readonly string[]): Promise<Record<string, number>> {
  const places: string[] = [];
  for (const [index, root] of roots.entries()) {
    // Names come and go while they are listed.
    const paths = await readdir(root, { recursive: true }).catch(() => []);
    // What a container sees below its own root is its image, not ours.
    const own = paths.filter(
      (path) => !path.includes(`${sep}merged${sep}`) && !path.startsWith("tmp/locks/"),
    );
    places.push(...own.map((path) => `${index === 0 ? "node" : "podman"}/${placeOf(path)}`));
  }
  return countBy(places);
}

function placeOf(path: string): string {
  const directory = dirname(relative(".", path));
  return directory === "." ? "" : directory.split(sep).slice(0, 2).join("/");
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names.toSorted()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}
