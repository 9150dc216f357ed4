import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { checkout } from "@metacircular/testkit/program.ts";
import { loadRegistry } from "@metacircular/testkit/registry-load.ts";
import { startTestRegistry } from "@metacircular/testkit/registry-server.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

// Pushes 10 GB of random layers through a registry, pulls and compares them, and says how much memory its process took.
const { values } = parseArgs({
  options: {
    gigabytes: { type: "string", default: "10" },
    layers: { type: "string", default: "20" },
    "at-once": { type: "string", default: "4" },
    /** Has to have that much room. */
    directory: { type: "string" },
  },
});
const gigabytes = Number(values.gigabytes);
const layers = Number(values.layers);
const atOnce = Number(values["at-once"]);
if (!(gigabytes > 0 && layers >= 1 && atOnce >= 1)) throw new Error("give numbers above 0");

await using temporary = await createTemporaryDirectory(values.directory);
await using registry = await startTestRegistry({ directory: temporary.path });
const layerBytes = Math.ceil((gigabytes * 1_000_000_000) / layers);
const load = await loadRegistry(registry, { layers, layerBytes, atOnce }, (line) => {
  process.stderr.write(`${line}\n`);
});
const megabytesPerS = (seconds: number): string => (load.bytes / 1_000_000 / seconds).toFixed(0);
process.stdout.write(
  `${(load.bytes / 1_000_000_000).toFixed(1)} GB in ${layers} layers, ${atOnce} at once: ` +
    `pushed with ${megabytesPerS(load.pushS)} MB/s, pulled with ${megabytesPerS(load.pullS)} MB/s, ` +
    `at most ${load.peakResidentMb.toFixed(0)} MB resident\n`,
);
await mkdir(`${checkout}out`, { recursive: true });
await writeFile(`${checkout}out/registry-memory.json`, `${JSON.stringify(load, undefined, 2)}\n`);
