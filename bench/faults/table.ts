import { type Column, formatTable } from "@metacircular/mcp-cli/output/table.ts";
import type { CrashRow } from "@metacircular/testkit/crash-matrix.ts";

const columns: readonly Column<CrashRow>[] = [
  { heading: "OPERATION", text: ({ operation }) => operation },
  { heading: "STEP", text: ({ step }) => step },
  { heading: "KILLED", text: ({ point }) => point },
  { heading: "OUTCOME", text: ({ outcome }) => outcome.split("\n", 1)[0] ?? "" },
];

/** Points by outcomes, for people; of an outcome of several lines the first. */
export function crashTable(rows: readonly CrashRow[]): string[] {
  return formatTable(columns, rows);
}

export function summaryLine(rows: readonly CrashRow[]): string {
  const lost = rows.filter(({ recovered }) => !recovered).length;
  return lost === 0
    ? `recovered from all ${rows.length} crashes`
    : `${lost} of ${rows.length} crashes did harm`;
}
