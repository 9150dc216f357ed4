import { join } from "node:path";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { openSqlite } from "@metacircular/mcdsl/sql/sqlite.ts";
import { migrations } from "../../metadata/migrations.ts";
import { churn, nothingUntagged, seededRandom } from "./churn-pushes.ts";
import { createWorld } from "./world.ts";

// Pushes and collects until it is killed, and says on standard error what it begins and what was acknowledged.
const [directory = "", seed = "1"] = process.argv.slice(2);
const sql = await openSqlite({ file: join(directory, "mcr.db"), migrations });
const world = await createWorld({
  sql,
  directory,
  clock: systemClock,
  leaseMs: 200,
  collector: { deletionMs: 1_000, turnMs: 1_000, retention: async () => [nothingUntagged] },
});
const tell = (event: string) => (tag: string, layers: readonly string[] | undefined) =>
  void process.stderr.write(`${JSON.stringify({ event, tag, layers })}\n`);
const witness = { begin: tell("begin"), end: tell("end") };

async function collectAllTheTime(): Promise<void> {
  for (;;) {
    // Until the turn of the run that was killed is over there is no other.
    const run = await world.collector.run({ dryRun: false, by: "test" }).catch(() => systemClock.sleep(50));
    if (run !== undefined) process.stderr.write(`${JSON.stringify({ event: "collected", ...run })}\n`);
  }
}

await Promise.all([
  collectAllTheTime(),
  ...["p0", "p1", "p2"].map((name, index) =>
    churn(world, { name, rounds: Infinity, random: seededRandom(Number(seed) + index), witness }),
  ),
]);
