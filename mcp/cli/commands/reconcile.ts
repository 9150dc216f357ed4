import type { Command } from "@commander-js/extra-typings";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { locateService } from "../nodes/locate.ts";
import { planJson, showPlan } from "../operations/plan.ts";
import { operationJson, showOperation } from "../operations/result.ts";
import { runOperation } from "../operations/run.ts";

export const json = { ...operationJson, "with --dry-run": Object.keys(planJson).join(", ") } as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Brings the components of a service to the state they should be in, now: whether or not the agent repairs the service by itself, whatever it waits for, and also where it gave up.",
    )
    .argument("<service>", "service to repair")
    .option("--dry-run", "only show what would be done")
    .addHelpText("after", "\nExamples:\n  mcp reconcile shop --dry-run\n  mcp reconcile shop")
    .action(async (service, options, self) => {
      await using context = await openContext(self, invocation);
      const { node } = await locateService(context, service);
      if (options.dryRun === true) {
        const { steps } = await context.nodes.call(node, (agent, signal) =>
          agent.reconcileService({ name: service, dryRun: true }, { signal }),
        );
        return showPlan(context.output, { node, service }, { steps, changes: [] });
      }
      const result = await runOperation(context, node, (agent, operationId, call) =>
        agent.reconcileService({ name: service, operationId }, call),
      );
      showOperation(context, { verb: "reconcile", node, service }, result);
    });
}
