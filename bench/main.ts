import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { checkout } from "@metacircular/testkit/program.ts";
import type { Benchmark } from "./benchmark.ts";
import { death } from "./death.ts";
import { deploy } from "./deploy.ts";
import { dns } from "./dns.ts";
import { events } from "./events.ts";
import { files } from "./files.ts";
import { help } from "./help.ts";
import { idle } from "./idle.ts";
import { issuance } from "./issuance.ts";
import { proxy } from "./proxy.ts";
import { ps } from "./ps.ts";
import { registry } from "./registry.ts";
import { resultOf, type Row } from "./result.ts";
import { resultLines } from "./table.ts";

const benchmarks: readonly Benchmark[] = [
  ...[help, deploy, death, ps, idle, events, files, dns, proxy, issuance, registry],
];

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, list: { type: "boolean" } },
});

if (values.list === true) {
  for (const { name, summary } of benchmarks) process.stdout.write(`${name.padEnd(8)} ${summary}\n`);
} else {
  await measure(chosen(values.only ?? benchmarks.map(({ name }) => name)));
}

function chosen(names: readonly string[]): Benchmark[] {
  return names.map((name) => {
    const benchmark = benchmarks.find((each) => each.name === name);
    if (benchmark !== undefined) return benchmark;
    throw new Error(`there is no benchmark ${name}; see --list`);
  });
}

/** A benchmark that breaks does not keep the others from running; it makes the exit code 1. */
async function measure(selected: readonly Benchmark[]): Promise<void> {
  const rows: Row[] = [];
  for (const benchmark of selected) {
    say(`${benchmark.name}: ${benchmark.summary}`);
    try {
      rows.push(...(await benchmark.run((line) => say(`  ${line}`))));
    } catch (error) {
      process.stderr.write(`${benchmark.name} broke: ${String(error)}\n`);
      process.exitCode = 1;
    }
  }
  await mkdir(`${checkout}out`, { recursive: true });
  await writeFile(`${checkout}out/bench.json`, `${JSON.stringify(rows.map(resultOf), undefined, 2)}\n`);
  process.stdout.write(`${resultLines(rows).join("\n")}\n`);
  if (rows.some(({ met }) => !met)) say("some goals were missed");
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
