import { type Column, formatTable } from "@metacircular/mcp-cli/output/table.ts";
import type { Row } from "./result.ts";

const columns: readonly Column<Row>[] = [
  { heading: "BENCHMARK", text: (row) => row.name },
  { heading: "OURS", text: (row) => value(row.ours, row.unit, row.spreads[0]) },
  { heading: "PEER", text: (row) => (row.peer === null ? "-" : value(row.peer, row.unit, row.spreads[1])) },
  { heading: "RATIO", text: (row) => (row.ratio === null ? "-" : row.ratio.toFixed(2)) },
  { heading: "GOAL", text: goal },
  { heading: "MET", text: ({ met }) => (met ? "yes" : "NO") },
];

/** The results for people: medians, and after each how far its quartiles lie apart. */
export function resultLines(rows: readonly Row[]): string[] {
  return formatTable(columns, rows);
}

function value(number: number, unit: string, spread: number | null | undefined): string {
  const text = `${number.toFixed(decimals(number))} ${unit}`;
  return typeof spread === "number" ? `${text} ±${Math.round(spread * 100)}%` : text;
}

/** So many that three digits are shown, or all before the point. */
function decimals(number: number): number {
  return Math.max(0, 2 - Math.max(0, Math.floor(Math.log10(number))));
}

function goal(row: Row): string {
  return row.goalOf === "ratio" ? `ratio ≤ ${row.goal}` : `≤ ${row.goal} ${row.unit}`;
}
