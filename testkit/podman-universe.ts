import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { podmanConfiguration } from "./podman-configuration.ts";

/** Universes that may exist on a machine at once; each has 16 networks of its own below 10.76.0.0/14. */
const maxUniverses = 64;
const networksEach = 16;
const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const root = `/tmp/mcp-test-podman-${process.getuid?.() ?? 0}`;

/** A private podman: store, run directories, locks and networks that no other podman shares. */
export interface Universe {
  readonly number: number;
  readonly directory: string;
  /** What selects it: variables of the environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Holds the number. */
  readonly claim?: Server;
}

/** Claims a number and writes the configuration. `clearUp` ends what owners that were killed left in theirs. */
export async function claimUniverse(clearUp: (universe: Universe) => Promise<void>): Promise<Universe> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  await clearAbandoned(clearUp);
  for (let number = 0; number < maxUniverses; number++) {
    const claim = await claimNumber(number);
    if (claim === undefined) continue;
    const universe = { ...universeOf(number), claim };
    await endAbandoned(universe, clearUp);
    await podmanConfiguration(universe.directory);
    await addNetwork(universe, defaultNetwork(number));
    return universe;
  }
  throw new Error(`all ${maxUniverses} podman universes of this machine are taken`);
}

/** Removes its directory. Everything in it must have been ended before. The number stays taken as long as this process
 * lives, so that what is found under it afterwards was left behind. */
export async function releaseUniverse(universe: Universe): Promise<void> {
  await removeDirectory(universe);
}

/** Without root, files of containers belong to ids that only a user namespace of ours may touch. */
async function removeDirectory({ directory }: Universe): Promise<void> {
  if (isRoot) await rm(directory, { recursive: true, force: true });
  else await run("unshare", ["--map-root-user", "--map-auto", "rm", "-rf", directory]);
}

/** Makes a network by writing its configuration, as `podman network create` could choose a bridge or a subnet
 * that another universe is about to choose too.
 *
 * @param options.hasNames whether containers find each other by name. Podman of root has one name server for all
 * universes of a machine, which knows networks by their names alone, so such a name must be of this universe only. */
export async function addNetwork(
  universe: Universe,
  name: string,
  { hasNames = false }: { hasNames?: boolean } = {},
): Promise<void> {
  const directory = join(universe.directory, "networks");
  const others = (await readdir(directory)).filter(
    (file) => file.endsWith(".json") && file !== `${name}.json`,
  );
  const index = others.length;
  if (index >= networksEach) throw new Error(`a podman universe has at most ${networksEach} networks`);
  const prefix = subnetPrefix(universe, index);
  const network = {
    name,
    id: createHash("sha256").update(`${universe.directory} ${name}`).digest("hex"),
    driver: "bridge",
    network_interface: `mcpt${universe.number}-${index}`,
    created: "2026-01-01T00:00:00Z",
    subnets: [{ subnet: `${prefix}0/24`, gateway: `${prefix}1` }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: hasNames,
    ipam_options: { driver: "host-local" },
  };
  await writeFile(join(directory, `${name}.json`), JSON.stringify(network));
}

export function defaultNetwork(number: number): string {
  return `mcp-${number}`;
}

/** Addresses in this universe's networks begin so. */
export function subnetPrefixes(universe: Universe): string[] {
  return Array.from({ length: networksEach }, (_, index) => subnetPrefix(universe, index));
}

function subnetPrefix({ number }: Universe, index: number): string {
  const subnet = number * networksEach + index;
  return `10.${76 + (subnet >> 8)}.${subnet & 255}.`;
}

/** Bridges of this universe begin so. */
export function bridgePrefix(universe: Universe): string {
  return `mcpt${universe.number}-`;
}

function universeOf(number: number): Universe {
  const directory = join(root, String(number));
  return {
    number,
    directory,
    variables: {
      CONTAINERS_CONF: join(directory, "containers.conf"),
      CONTAINERS_STORAGE_CONF: join(directory, "storage.conf"),
      ...(isRoot ? {} : { XDG_RUNTIME_DIR: join(directory, "run") }),
    },
  };
}

/** Holds a number for as long as this process lives: the kernel frees a socket's abstract name however its owner
 * ends, and no two processes get it. */
async function claimNumber(number: number): Promise<Server | undefined> {
  const server = createServer();
  server.unref();
  server.listen(`\0mcp-test-podman-${number}`);
  try {
    await once(server, "listening");
    return server;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EADDRINUSE") throw thrown;
    return undefined;
  }
}

async function clearAbandoned(clearUp: (universe: Universe) => Promise<void>): Promise<void> {
  for (const name of await readdir(root)) {
    const claim = await claimNumber(Number(name));
    if (claim === undefined) continue;
    await endAbandoned({ ...universeOf(Number(name)), claim }, clearUp);
    claim.close();
  }
}

async function endAbandoned(
  universe: Universe,
  clearUp: (universe: Universe) => Promise<void>,
): Promise<void> {
  if (!existsSync(universe.directory)) return;
  await clearUp(universe);
  await removeDirectory(universe);
}
