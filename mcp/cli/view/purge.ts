import type { PurgeRow } from "../operations/purge.ts";
import { factsOf } from "../output/error.ts";
import type { Output } from "../output/output.ts";
import { type Column, formatTable } from "../output/table.ts";

/** Keys of an entry in JSON. */
export const purgeRowJson = {
  node: "node",
  service: "service",
  component: "component; empty for a service without any",
  container: "name of its container, or empty",
  result:
    "purged, refused (it runs, or it failed) or kept (not ours); with --dry-run, purged means that it would be",
  reason: "why",
  operation_id: "id of the operation on the node, or empty",
  error: "code, attempted, subject, found, remedy, facts, output; or null",
} as const;

export function purgeView({ node, result }: PurgeRow): Record<keyof typeof purgeRowJson, unknown> {
  const { service, component, container, reason, operationId, error } = result;
  return {
    ...{ node, service, component, container, result: resultText({ node, result }), reason },
    operation_id: operationId,
    error: error === undefined ? null : factsOf(error),
  };
}

function resultText({ result }: PurgeRow): "purged" | "refused" | "kept" {
  if (result.error !== undefined) return "refused";
  return result.purged ? "purged" : "kept";
}

/** What becomes, or would become, of each entry. */
export function showPurge(output: Output, rows: readonly PurgeRow[], dryRun: boolean): void {
  output.table(columns(output, dryRun), rows);
}

/** What the question is about: entries that would go. */
export function purgeQuestion(
  output: Output,
  rows: readonly PurgeRow[],
): { lines: string[]; question: string } {
  const going = rows.filter(({ result }) => result.purged);
  const entries = going.length === 1 ? "this entry" : `these ${going.length} entries`;
  return {
    lines: formatTable(columns(output, true).slice(0, -2), going),
    question: `Purge ${entries}, with stopped containers and history?`,
  };
}

function columns(output: Output, dryRun: boolean): Column<PurgeRow>[] {
  const colours = { purged: "yellow", refused: "red", kept: "dim" } as const;
  const text = (row: PurgeRow) => {
    const result = resultText(row);
    return dryRun && result === "purged" ? "would purge" : result;
  };
  return [
    { heading: "NODE", text: ({ node }) => node },
    { heading: "SERVICE", text: ({ result }) => result.service },
    { heading: "COMPONENT", text: ({ result }) => result.component || "-" },
    { heading: "CONTAINER", text: ({ result }) => result.container || "-" },
    { heading: "RESULT", text, style: (cell, row) => output.style(colours[resultText(row)], cell) },
    { heading: "WHY", text: ({ result }) => whyText(result) },
  ];
}

function whyText({ reason, error }: PurgeRow["result"]): string {
  return error === undefined || error.remedy === "" ? reason : `${reason}; ${error.remedy}`;
}
