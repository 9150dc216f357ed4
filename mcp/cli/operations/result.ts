import type { ErrorDetail } from "@metacircular/proto/gen/mcdsl/v1/error_pb.ts";
import {
  ComponentOutcome,
  type ComponentResult,
  type OperationOutcome,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Context } from "../context.ts";
import { factsOf, formatFacts } from "../output/error.ts";
import { pendingView, sayPending } from "../view/pending.ts";
import { exitCodeOfOutcome, outcomeName } from "./outcome.ts";

/** What an operation on a service answered. */
export interface OperationResult {
  readonly operationId: string;
  readonly outcome: OperationOutcome;
  readonly results: readonly ComponentResult[];
  /** Number of the stored revision; 0: none. */
  readonly revision?: bigint;
}

const componentOutcomeNames: Record<ComponentOutcome, string> = {
  [ComponentOutcome.UNSPECIFIED]: "unknown",
  [ComponentOutcome.CHANGED]: "changed",
  [ComponentOutcome.UNCHANGED]: "unchanged",
  [ComponentOutcome.RESTORED]: "restored",
  [ComponentOutcome.FAILED]: "failed",
  [ComponentOutcome.SKIPPED]: "skipped",
};

const sentences: Record<string, string> = {
  succeeded: "done",
  unchanged: "nothing to do: everything is as declared",
  "partly-failed": "partly failed: some components changed, others did not",
  restored: "failed; the previous version is running",
  failed: "failed",
  unknown: "the agent did not say how it ended",
};

/** What has finished by its own policy needs no repair and is not as declared. */
const unchangedBy: Record<string, string> = { reconcile: "nothing to repair" };

/** Keys of an operation's result in JSON. */
export const operationJson = {
  node: "node it ran on",
  service: "name of the service",
  operation_id: "id of the operation on that node",
  outcome: "succeeded, unchanged, partly-failed, restored or failed",
  revision: "number of the stored revision, or null",
  results:
    "per component: component, outcome (changed, unchanged, restored, failed, skipped), error, pending (effect, code, reason, since)",
} as const;

/** Shows how an operation ended, and sets the exit code.
 * @param verb what was asked for, e.g. `deploy` */
export function showOperation(
  context: Context,
  about: { verb: string; node: string; service: string },
  result: OperationResult,
): void {
  const { output, invocation } = context;
  invocation.exitCode = exitCodeOfOutcome(result.outcome);
  if (output.format === "json") return output.json(operationView(about, result));
  for (const entry of result.results) {
    const error = failureOf(entry);
    if (error !== undefined) output.complain(...formatFacts(error, `${about.service}/${entry.name}`));
  }
  sayPending(output, about.service, result.results);
  const outcome = outcomeName(result.outcome);
  const revision =
    result.revision === undefined || result.revision === 0n ? "" : ` (revision ${result.revision})`;
  const sentence = outcome === "unchanged" ? unchangedBy[about.verb] : undefined;
  const ended = sentence ?? sentences[outcome] ?? outcome;
  const line = `${about.verb} ${about.service} on ${about.node}: ${ended}${revision}`;
  if (invocation.exitCode === 0) output.say(line);
  else output.complain(output.styleMessage("red", line));
}

function operationView(
  about: { node: string; service: string },
  result: OperationResult,
): Record<keyof typeof operationJson, unknown> {
  return {
    node: about.node,
    service: about.service,
    operation_id: result.operationId,
    outcome: outcomeName(result.outcome),
    revision: result.revision === undefined || result.revision === 0n ? null : Number(result.revision),
    results: result.results.map((entry) => {
      const error = failureOf(entry);
      return {
        component: entry.name,
        outcome: componentOutcomeNames[entry.outcome] ?? "unknown",
        error: error === undefined ? null : factsOf(error),
        pending: entry.pending.map(pendingView),
      };
    }),
  };
}

/** The failure of a component, also from an agent that sends only its text. */
function failureOf(result: ComponentResult): Omit<ErrorDetail, "$typeName"> | undefined {
  if (result.detail !== undefined) return result.detail;
  if (result.success || result.error === "") return undefined;
  const found = result.error;
  return {
    code: "FAILED",
    attempted: "change",
    subject: result.name,
    found,
    remedy: "",
    facts: {},
    output: [],
  };
}
