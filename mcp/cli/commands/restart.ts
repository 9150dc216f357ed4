import type { Command } from "@commander-js/extra-typings";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { locateService } from "../nodes/locate.ts";
import { recordInFile } from "../operations/activate.ts";
import { affectedContainers, showAffected } from "../operations/affected.ts";
import { operationJson, showOperation } from "../operations/result.ts";
import { runOperation } from "../operations/run.ts";
import { exitCodes } from "../output/exit-code.ts";
import { parseTarget } from "../target.ts";

export const json = { ...operationJson, "with --dry-run": "node, service, action, containers" } as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Restarts a service or one component. One that was stopped is started, and its definition file says active = true again.",
    )
    .argument("<service[/component]>", "service to restart, or one component of it")
    .option("--dry-run", "only show what would be restarted")
    .action(async (text, options, self) => {
      await using context = await openContext(self, invocation);
      const { service, component } = parseTarget(text);
      const location = await locateService(context, service);
      const { node } = location;
      if (options.dryRun === true) {
        const containers = await affectedContainers(context, node, { service, component });
        return showAffected(context.output, { node, service, action: "restart" }, containers);
      }
      const result = await runOperation(context, node, (agent, operationId, call) =>
        agent.restartService({ name: service, component, operationId }, call),
      );
      showOperation(context, { verb: "restart", node, service }, result);
      const wasInactive = location.loaded?.definition.active === false;
      if (wasInactive && invocation.exitCode === exitCodes.done) await recordInFile(context, location, true);
    });
}
