import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { podmanConfiguration } from "./podman-configuration.ts";

/** Universes that may exist on a machine at once; each has 16 networks of its own below 10.76.0.0/14. */
const maxUniverses = 64;
const networksEach = 16;
const root = "/tmp/mcp-test-podman";

/** A private podman: store, run directories, locks and networks that no other podman shares. */
export interface Universe {
  readonly number: number;
  readonly directory: string;
  /** What selects it: variables of the environment. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Claims a number, clearing up what killed owners left, and writes the configuration. */
export async function claimUniverse(clearUp: (universe: Universe) => Promise<void>): Promise<Universe> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  for (let number = 0; number < maxUniverses; number++) {
    const universe = universeOf(number);
    if (await claim(universe, clearUp)) {
      await podmanConfiguration(universe.directory);
      await addNetwork(universe, defaultNetwork(number));
      return universe;
    }
  }
  throw new Error(`all ${maxUniverses} podman universes in ${root} are taken`);
}

/** Frees the number. Everything in it must have been ended before. */
export async function releaseUniverse(universe: Universe): Promise<void> {
  await rm(universe.directory, { recursive: true, force: true });
  await rm(ownerFile(universe.number), { force: true });
}

/** Makes a network by writing its configuration, as `podman network create` could choose a bridge or a subnet
 * that another universe is about to choose too. */
export async function addNetwork(universe: Universe, name: string): Promise<void> {
  const directory = join(universe.directory, "networks");
  const index = (await readdir(directory)).filter((file) => file.endsWith(".json")).length;
  if (index >= networksEach) throw new Error(`a podman universe has at most ${networksEach} networks`);
  const subnet = universe.number * networksEach + index;
  const prefix = `10.${76 + (subnet >> 8)}.${subnet & 255}`;
  const isDefault = name === defaultNetwork(universe.number);
  const network = {
    name,
    id: createHash("sha256").update(`${universe.directory} ${name}`).digest("hex"),
    driver: "bridge",
    network_interface: `mcpt${universe.number}-${index}`,
    created: "2026-01-01T00:00:00Z",
    subnets: [{ subnet: `${prefix}.0/24`, gateway: `${prefix}.1` }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: !isDefault,
    ipam_options: { driver: "host-local" },
  };
  await writeFile(join(directory, `${name}.json`), JSON.stringify(network));
}

export function defaultNetwork(number: number): string {
  return `mcp-${number}`;
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
    },
  };
}

function ownerFile(number: number): string {
  return join(root, `${number}.owner`);
}

/** The owner file names a process by PID and start, as a PID alone may be another's by now. */
async function claim(universe: Universe, clearUp: (universe: Universe) => Promise<void>): Promise<boolean> {
  const path = ownerFile(universe.number);
  const self = `${process.pid} ${await startOf(process.pid)}`;
  if (await writeNew(path, self)) return true;
  const owner = await readFile(path, "utf8").catch(() => "");
  const [pid = "", start = ""] = owner.split(" ");
  if (owner === "" || (await startOf(Number(pid))) === start) return false;
  // Only one may clear up: the one who gets the second file.
  const clearing = `${path}.clearing`;
  if (!(await writeNew(clearing, self))) return false;
  try {
    if ((await readFile(path, "utf8").catch(() => "")) !== owner) return false;
    await clearUp(universe);
    await rm(universe.directory, { recursive: true, force: true });
    await writeFile(path, self);
    return true;
  } finally {
    await rm(clearing, { force: true });
  }
}

async function writeNew(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: "wx" });
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
    return false;
  }
}

/** Ticks since boot at which a process began; empty when there is none. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name in parentheses may contain anything.
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
