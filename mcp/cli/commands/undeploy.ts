import type { Command } from "@commander-js/extra-typings";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { locateService } from "../nodes/locate.ts";
import { affectedContainers, showAffected } from "../operations/affected.ts";
import { confirmed } from "../operations/confirm.ts";
import { operationJson, showOperation } from "../operations/result.ts";
import { runOperation } from "../operations/run.ts";

export const json = { ...operationJson, "with --dry-run": "node, service, action, containers" } as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Removes a service's containers and its registry entry. Its data directory and definition file stay.",
    )
    .argument("<service>", "service to remove")
    .option("-y, --yes", "do not ask")
    .option("--dry-run", "only show what would be removed")
    .action(async (service, options, self) => {
      await using context = await openContext(self, invocation);
      const { node } = await locateService(context, service);
      const containers = await affectedContainers(context, node, { service, component: "" });
      if (options.dryRun === true)
        return showAffected(context.output, { node, service, action: "remove" }, containers);
      const question = `Remove ${service} from ${node} (${containers.join(", ") || "no containers"})?`;
      if (!(await confirmed(context, question, options.yes === true))) return;
      const result = await runOperation(context, node, (agent, operationId, call) =>
        agent.undeployService({ name: service, operationId }, call),
      );
      showOperation(context, { verb: "undeploy", node, service }, result);
    });
}
