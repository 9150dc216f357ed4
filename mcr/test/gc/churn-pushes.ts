import { setImmediate } from "node:timers/promises";
import type { RetentionRule } from "../../policy/retention-rule.ts";
import type { World } from "./world.ts";

/** Everything that no tag keeps goes at once. */
export const nothingUntagged: RetentionRule = {
  id: "untagged",
  repositories: "**",
  priority: 1,
  tags: undefined,
  untaggedAfterMs: 0,
  orphanedAfterMs: 0,
};

const repositories = ["a", "b/app", "b/other"] as const;
const layerCount = 24;
const tagsOfEach = 1;

/** Whoever pushes tells what it is about to do, and what was acknowledged. */
export interface Witness {
  begin(tag: string, layers: readonly string[] | undefined): void;
  end(tag: string, layers: readonly string[] | undefined): void;
}

/** What the registry refused: nothing of it was acknowledged, and a client would push again. */
const harmless = new Set(["MANIFEST_BLOB_UNKNOWN", "BLOB_LEASE_LOST", "BLOB_BEING_DELETED"]);
const codeOf = (error: unknown): string => (error as { code?: string }).code ?? "";

/** As clients do that are told to come back (503 with Retry-After). */
const triesWhereBusy = 3;

/** Pushes, mounts and deletes at random, with tags of its own and layers that all share.
 * @returns how many pushes were acknowledged */
export async function churn(
  world: World,
  options: {
    readonly name: string;
    readonly rounds: number;
    /** Number of the first round: content is never that of another round. Default: 0. */
    readonly first?: number;
    readonly random: () => number;
    readonly witness: Witness;
  },
): Promise<number> {
  const { name, rounds, first = 0, random, witness } = options;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const layers = Array.from({ length: layerCount }, (_, index) => `layer ${index} ${"x".repeat(2_000)}`);
  let acknowledged = 0;
  for (let round = first; round < first + rounds; round += 1) {
    // As requests do: what goes on beside them gets its turn.
    await setImmediate();
    const repository = pick(repositories);
    const tag = `${name}-${Math.floor(random() * tagsOfEach)}`;
    const key = `${repository}:${tag}`;
    try {
      if (random() < 0.4) {
        witness.begin(key, undefined);
        await unlessBusy(() => world.metadata.deleteTag(repository, tag));
        witness.end(key, undefined);
        continue;
      }
      const image = [pick(layers), pick(layers), `${name} ${round}`];
      const from = random() < 0.5 ? pick(repositories) : undefined;
      if (from !== undefined) await unlessBusy(() => world.mount(from, repository, image[0] as string));
      witness.begin(key, image);
      await unlessBusy(() => world.pushImage(repository, tag, image));
      witness.end(key, image);
      acknowledged += 1;
    } catch (error) {
      if (!harmless.has(codeOf(error))) throw error;
    }
  }
  return acknowledged;
}

/** Others may change the same all the time on a machine that is busy; nothing of it was done then. */
async function unlessBusy<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) !== "DATABASE_BUSY" || tries >= triesWhereBusy) throw error;
    }
  }
}

/** Everything that was acknowledged is there, bit for bit; what was under way when the process died may be as it was before
 * or as it was to be. */
export async function verify(
  world: World,
  acknowledged: ReadonlyMap<string, readonly string[] | undefined>,
  underWay: ReadonlyMap<string, readonly string[] | undefined> = new Map(),
): Promise<void> {
  for (const key of new Set([...acknowledged.keys(), ...underWay.keys()])) {
    const [repository = "", tag = ""] = key.split(":");
    const manifest = await world.metadata.manifest(repository, { tag });
    const found = manifest === undefined ? "nothing" : JSON.stringify(await world.pull(repository, tag));
    const allowed = [acknowledged.get(key), ...(underWay.has(key) ? [underWay.get(key)] : [])];
    if (allowed.some((layers) => (layers === undefined ? "nothing" : JSON.stringify(layers)) === found))
      continue;
    throw new Error(`${key} holds ${found.slice(0, 300)}, not what was acknowledged`);
  }
}

/** Numbers that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
