import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type CrashRow, runCrashMatrix } from "@metacircular/testkit/crash-matrix.ts";
import { checkout } from "@metacircular/testkit/program.ts";
import { crashTable, summaryLine } from "./table.ts";

const { values } = parseArgs({ options: { share: { type: "string", default: "1" } } });
const share = Number(values.share);
if (!Number.isInteger(share) || share < 1) {
  throw new Error(`--share ${values.share}: give a whole number; 3 takes every third point`);
}

const rows: CrashRow[] = [];
try {
  for await (const row of runCrashMatrix(share)) {
    rows.push(row);
    process.stderr.write(`${row.operation}, ${row.point} ${row.step}: ${row.outcome}\n`);
  }
} finally {
  // What was found before something else broke is not lost.
  await mkdir(`${checkout}out`, { recursive: true });
  await writeFile(`${checkout}out/faults.json`, `${JSON.stringify(rows, undefined, 2)}\n`);
}
process.stdout.write(`${[...crashTable(rows), summaryLine(rows)].join("\n")}\n`);
process.exitCode = rows.length > 0 && rows.every(({ recovered }) => recovered) ? 0 : 1;
