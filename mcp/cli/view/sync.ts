import type { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { ErrorDetail } from "@metacircular/proto/gen/mcdsl/v1/error_pb.ts";
import type { ServiceSyncResult, UnmanagedContainer } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { isServiceName } from "../definitions/find.ts";
import { outcomeName } from "../operations/outcome.ts";
import { factsOf, formatFacts } from "../output/error.ts";
import type { Output } from "../output/output.ts";

/** One definition and what became of it. */
export interface SyncRow {
  readonly service: string;
  /** Empty: its definition does not say. */
  readonly node: string;
  /** Undefined: its node was not asked, or did not take it. */
  readonly result: ServiceSyncResult | undefined;
  readonly notes: readonly string[];
  readonly error: DetailedError | ErrorDetail | undefined;
}

export interface UnmanagedRow {
  readonly node: string;
  readonly container: UnmanagedContainer;
}

/** Keys of a definition's result in JSON. */
export const syncRowJson = {
  service: "name of the service",
  node: "node that its definition names, or empty",
  result: "changed, unchanged or failed; with --dry-run, changed means that it would be",
  summary: "what changes, in a few words",
  notes: "what a sync leaves to others",
  changes: "per component: component, action (update, stop, none), fields: field, before, after",
  steps: "steps on the node: kind, component, description",
  operation_id: "id of the operation on the node, or empty",
  outcome: "outcome of the operation, or null",
  error: "code, attempted, subject, found, remedy, facts, output; or null",
} as const;

/** Keys of a container that MCP does not manage in JSON. */
export const unmanagedJson = {
  node: "node",
  container: "name of the container",
  image: "image reference",
  observed_state: "running, stopped, exited or unknown",
  service: "service that `mcp adopt` would make it part of",
  component: "component that it would become",
} as const;

export function syncView({
  service,
  node,
  result,
  notes,
  error,
}: SyncRow): Record<keyof typeof syncRowJson, unknown> {
  return {
    service,
    node,
    result: resultText({ result, error }),
    summary: result?.summary ?? "",
    notes,
    changes: (result?.changes ?? []).map(({ component, action, fields }) => ({
      component,
      action,
      fields: fields.map(({ field, before, after }) => ({ field, before, after })),
    })),
    steps: (result?.steps ?? []).map(({ kind, component, description }) => ({
      kind,
      component,
      description,
    })),
    operation_id: result?.operationId ?? "",
    outcome: result === undefined || result.operationId === "" ? null : outcomeName(result.outcome),
    error: error === undefined ? null : factsOf(error),
  };
}

export function unmanagedView({
  node,
  container,
}: UnmanagedRow): Record<keyof typeof unmanagedJson, unknown> {
  const { name, image, observedState, service, component } = container;
  return { node, container: name, image, observed_state: observedState, service, component };
}

function resultText({
  result,
  error,
}: Pick<SyncRow, "result" | "error">): "changed" | "unchanged" | "failed" {
  if (error !== undefined) return "failed";
  return result?.changed === true ? "changed" : "unchanged";
}

/** What became of each definition, and the failures with all that is known of them. */
export function showSync(output: Output, rows: readonly SyncRow[], dryRun: boolean): void {
  const colours = { failed: "red", changed: "yellow", unchanged: "dim" } as const;
  const text = (row: SyncRow) => {
    const result = resultText(row);
    return dryRun && result === "changed" ? "would change" : result;
  };
  output.table(
    [
      { heading: "SERVICE", text: ({ service }) => service },
      { heading: "NODE", text: ({ node }) => (node === "" ? "-" : node) },
      { heading: "RESULT", text, style: (cell, row) => output.style(colours[resultText(row)], cell) },
      { heading: "WHY", text: whyText },
    ],
    rows,
  );
  for (const { service, error } of rows) {
    if (error !== undefined)
      output.complain(...formatFacts(factsOf(error), output.styleMessage("red", service)));
  }
}

function whyText({ result, notes, error }: SyncRow): string {
  const found = error === undefined ? "" : error.found;
  return [result?.summary ?? "", found, ...notes].filter((part) => part !== "").join("; ");
}

/** Whether its name can be that of a component's container. */
function adoptable({ service, component }: UnmanagedContainer): boolean {
  return isServiceName(service) && isServiceName(component);
}

/** A name like it that can be: podman's own, such as `upbeat_galois`, cannot. */
function adoptableName(container: string): string {
  return container
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
}

/** Containers that nobody manages yet, with the command that takes each over, or first gives it a name for that. */
export function showUnmanaged(output: Output, rows: readonly UnmanagedRow[], severalNodes: boolean): void {
  if (rows.length === 0) return;
  output.print("", "containers that MCP does not manage:");
  output.table(
    [
      { heading: "NODE", text: ({ node }) => node },
      { heading: "CONTAINER", text: ({ container }) => container.name },
      { heading: "IMAGE", text: ({ container }) => container.image },
      { heading: "STATE", text: ({ container }) => container.observedState },
      {
        heading: "TAKE OVER WITH",
        text: ({ node, container }) =>
          adoptable(container)
            ? `mcp adopt ${container.service}${severalNodes ? ` --node ${node}` : ""}`
            : `podman rename ${container.name} ${adoptableName(container.name)}`,
      },
    ],
    rows,
  );
}
