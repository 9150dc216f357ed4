import type { Command } from "@commander-js/extra-typings";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { activate } from "../operations/activate.ts";
import { planJson } from "../operations/plan.ts";
import { operationJson } from "../operations/result.ts";

export const json = { ...operationJson, "with --dry-run": Object.keys(planJson).join(", ") } as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description("Starts all components, and sets active = true in the definition file.")
    .argument("<service>", "service to start")
    .option("--dry-run", "only show what would be done")
    .action(async (service, options, self) => {
      await using context = await openContext(self, invocation);
      await activate(context, service, { active: true, dryRun: options.dryRun === true });
    });
}
