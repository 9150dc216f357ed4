import type { AdoptResponse, AdoptResult } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Context } from "../context.ts";
import { outcomeName } from "../operations/outcome.ts";
import { factsOf, formatFacts } from "../output/error.ts";
import { type Column, plain } from "../output/table.ts";

/** What was asked for. */
export interface AdoptionQuestion {
  readonly node: string;
  readonly service: string;
  readonly dryRun: boolean;
}

/** Keys of an adoption in JSON. */
export const adoptionJson = {
  node: "node it ran on",
  service: "name of the service",
  dry_run: "whether nothing was done",
  operation_id: "id of the operation on that node, or null",
  outcome: "succeeded, unchanged, partly-failed or failed; with --dry-run null",
  containers:
    "per container: container, component, desired_state (running or stopped), image, result (adopted, managed or refused), not_carried, error",
} as const;

export function showAdoption(context: Context, about: AdoptionQuestion, response: AdoptResponse): void {
  const { output } = context;
  if (output.format === "json") return output.json(adoptionView(about, response));
  const { results } = response;
  output.table(columnsFor(about), results);
  showLosses(context, results);
  for (const { container, detail } of results) {
    if (detail !== undefined) output.complain(...formatFacts(detail, `error: ${plain(container)}`));
  }
  showWhatIsNext(context, about, results);
}

function columnsFor({ dryRun }: AdoptionQuestion): Column<AdoptResult>[] {
  return [
    { heading: "CONTAINER", text: ({ container }) => container },
    { heading: "COMPONENT", text: ({ component }) => component },
    { heading: "STATE", text: ({ desiredState }) => desiredState },
    { heading: "RESULT", text: (result) => resultText(result, dryRun) },
    { heading: "IMAGE", text: ({ spec }) => spec?.image ?? "" },
  ];
}

function resultText(result: AdoptResult, dryRun: boolean): string {
  const name = resultName(result);
  if (name === "managed") return "managed already";
  return dryRun ? `would be ${name}` : name;
}

function resultName({ success, alreadyManaged }: AdoptResult): "adopted" | "managed" | "refused" {
  if (!success) return "refused";
  return alreadyManaged ? "managed" : "adopted";
}

/** What many containers have in common is said once. */
function showLosses({ output }: Context, results: readonly AdoptResult[]): void {
  const losses = results.flatMap(({ container, notCarried }) =>
    notCarried.map((what) => ({ what, container })),
  );
  if (losses.length === 0) return;
  output.print("", "not part of a definition, so lost where a deploy replaces the container:");
  for (const [what, list] of Map.groupBy(losses, (loss) => loss.what)) {
    output.print(`  ${list.map(({ container }) => plain(container)).join(", ")}: ${plain(what)}`);
  }
}

function showWhatIsNext(
  { output }: Context,
  { node, service, dryRun }: AdoptionQuestion,
  results: readonly AdoptResult[],
): void {
  const taken = results.filter(({ success }) => success);
  const stopped = taken.filter(({ desiredState }) => desiredState === "stopped");
  if (stopped.length > 0 && stopped.length < taken.length) {
    const names = stopped.map(({ container }) => plain(container)).join(", ");
    output.say(`stopped beside others that run: ${names}; deploying the service starts what is stopped`);
  }
  if (taken.length === 0) return;
  if (dryRun && taken.every(({ alreadyManaged }) => alreadyManaged)) {
    return output.say("there is nothing else to take over");
  }
  const next = dryRun
    ? `mcp adopt ${service} --node ${node}`
    : `mcp service export ${service} --node ${node}`;
  output.say(dryRun ? `nothing was done; next: \`${next}\`` : `next: \`${next}\` writes its definition`);
}

function adoptionView(
  { node, service, dryRun }: AdoptionQuestion,
  { results, operationId, outcome }: AdoptResponse,
): Record<keyof typeof adoptionJson, unknown> {
  return {
    node,
    service,
    dry_run: dryRun,
    operation_id: operationId === "" ? null : operationId,
    outcome: dryRun ? null : outcomeName(outcome),
    containers: results.map((result) => ({
      container: result.container,
      component: result.component,
      desired_state: result.desiredState,
      image: result.spec?.image ?? null,
      result: resultName(result),
      not_carried: result.notCarried,
      error: result.detail === undefined ? null : factsOf(result.detail),
    })),
  };
}
