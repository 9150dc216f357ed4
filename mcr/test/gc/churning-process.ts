import { join } from "node:path";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { openSqlite } from "@metacircular/mcdsl/sql/sqlite.ts";
import { migrations } from "../../metadata/migrations.ts";
import { churn, nothingUntagged, seededRandom } from "./churn-pushes.ts";
import { createWorld, type World } from "./world.ts";

/** A registry on one machine whose times are short. */
export async function openHastyWorld(directory: string): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const sql = stack.use(await openSqlite({ file: join(directory, "mcr.db"), migrations }));
  const collector = { deletionMs: 1_000, turnMs: 1_000, retention: async () => [nothingUntagged] };
  const world = stack.use(await createWorld({ sql, directory, clock: systemClock, leaseMs: 200, collector }));
  const owned = stack.move();
  return { ...world, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Pushes and collects until it is killed, and says on standard error what it begins and what was acknowledged. */
async function churnUntilKilled(directory: string, seed: number): Promise<void> {
  const world = await openHastyWorld(directory);
  const tell = (event: string) => (tag: string, layers: readonly string[] | undefined) =>
    void process.stderr.write(`${JSON.stringify({ event, tag, layers })}\n`);
  const witness = { begin: tell("begin"), end: tell("end") };
  const collectAllTheTime = async (): Promise<never> => {
    for (;;) {
      // Until the turn of the run that was killed is over there is no other.
      const run = await world.collector.run({ dryRun: false, by: "test" }).catch(() => systemClock.sleep(50));
      if (run !== undefined) process.stderr.write(`${JSON.stringify({ event: "collected", ...run })}\n`);
    }
  };
  const pushes = ["p0", "p1", "p2"].map((name, index) =>
    churn(world, { name, rounds: Infinity, random: seededRandom(seed + index), witness }),
  );
  await Promise.all([collectAllTheTime(), ...pushes]);
}

if (import.meta.main) {
  const [directory = "", seed = "1"] = process.argv.slice(2);
  await churnUntilKilled(directory, Number(seed));
}
