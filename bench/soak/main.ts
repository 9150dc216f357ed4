import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { takeCensus } from "@metacircular/testkit/census.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { checkout } from "@metacircular/testkit/program.ts";
import { soak, type SoakCounts } from "@metacircular/testkit/soak.ts";
import { checksOf, checkTable, sampleTable, type SoakCheck, type SoakSample } from "./report.ts";

const { values } = parseArgs({ options: { deploys: { type: "string", default: "1000" } } });
const deploys = Number(values.deploys);
/** The first sample is what the others are compared with. */
const sampleEvery = 50;
if (!Number.isInteger(deploys) || deploys < 2 * sampleEvery) {
  throw new Error(`--deploys ${values.deploys}: give a whole number of at least ${2 * sampleEvery}`);
}
/** The monitor's default interval, at which old revisions are deleted, and some more. */
const restMs = 90_000;

const startedAtMs = performance.now();
const samples: SoakSample[] = [];
let checks: readonly SoakCheck[] = [];
try {
  // The default configuration of the monitor, as on a real node.
  await using node = await createTestNode({ monitor: "" });
  await deployAll(node);
  await eventually(async () => {
    await rest(node);
  }, restMs).catch(() => {
    // What still differs is in the table.
  });
} finally {
  // What was found before something else broke is not lost.
  await mkdir(`${checkout}out`, { recursive: true });
  await writeFile(`${checkout}out/soak.json`, `${JSON.stringify({ checks, samples }, undefined, 2)}\n`);
}
process.stdout.write(`${[...sampleTable(samples), "", ...checkTable(checks)].join("\n")}\n`);
process.exitCode = checks.every(({ met }) => met) ? 0 : 1;

async function deployAll(node: TestNode): Promise<void> {
  for await (const counts of soak(node, deploys)) {
    if (counts.deploys % sampleEvery !== 0 && counts.deploys !== deploys) continue;
    const sample = await sampleOf(node, counts);
    samples.push(sample);
    const { residentMb } = sample.census;
    process.stderr.write(
      `${counts.deploys} deploys, ${sample.elapsedS.toFixed(0)} s, ${residentMb.toFixed(1)} MB\n`,
    );
  }
}

/** Looks once more when all is done; throws while something is not as it should be. */
async function rest(node: TestNode): Promise<void> {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) throw new Error("no sample was taken");
  samples[samples.length - 1] = await sampleOf(node, last.counts);
  checks = checksOf(first, samples.at(-1) ?? last);
  const wrong = checks.filter(({ met }) => !met);
  if (wrong.length > 0) throw new Error(wrong.map(({ name }) => name).join(", "));
}

async function sampleOf(node: TestNode, counts: SoakCounts): Promise<SoakSample> {
  const elapsedS = (performance.now() - startedAtMs) / 1_000;
  return { elapsedS, counts, census: await takeCensus(node) };
}
