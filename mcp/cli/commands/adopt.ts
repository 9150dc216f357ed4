import type { Command } from "@commander-js/extra-typings";
import type { AdoptResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { type Context, openContext } from "../context.ts";
import { assertServiceName, definedServices } from "../definitions/find.ts";
import type { Invocation } from "../invocation.ts";
import { locateAdoptable } from "../nodes/locate-adoptable.ts";
import type { Question } from "../nodes/nodes.ts";
import { exitCodeOfOutcome } from "../operations/outcome.ts";
import { runOperation } from "../operations/run.ts";
import { type ExitCode, exitCodes } from "../output/exit-code.ts";
import { adoptionJson, showAdoption } from "../view/adoption.ts";

export const json = adoptionJson;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Takes over the containers called <service>-<component>, and <service> itself, that MCP did not create. They keep running as they are; a definition of them is recorded.",
    )
    .argument("<service>", "service that the containers are to belong to")
    .option("--dry-run", "only show what would be taken over, and what a definition cannot say")
    .addHelpText("after", examples)
    .action(async (service, options, self) => {
      await using context = await openContext(self, invocation);
      await adopt(context, service, options.dryRun === true);
    });
}

async function adopt(context: Context, service: string, dryRun: boolean): Promise<void> {
  assertServiceName(service);
  const request = { service, knownServices: await definedServices(context.config.servicesDirectory) };
  const preview: Question<AdoptResponse> = (agent, signal) =>
    agent.adoptContainer({ ...request, dryRun: true }, { signal });
  const node = await locateAdoptable(context, service, preview);
  const response = dryRun
    ? await context.nodes.call(node, (agent, signal) => preview(agent, signal, node))
    : await runOperation(context, node, (agent, operationId, call) =>
        agent.adoptContainer({ ...request, operationId }, call),
      );
  showAdoption(context, { node, service, dryRun }, response);
  context.invocation.exitCode = dryRun ? exitCodeOfPreview(response) : exitCodeOfOutcome(response.outcome);
}

function exitCodeOfPreview({ results }: AdoptResponse): ExitCode {
  if (results.every(({ success }) => success)) return exitCodes.done;
  const wouldAdopt = results.some(({ success, alreadyManaged }) => success && !alreadyManaged);
  return wouldAdopt ? exitCodes.partlyFailed : exitCodes.failed;
}

const examples = `
A container goes to the longest service that is known: mc-proxy is never taken for a service mc. Known are
services that a node manages and those with a definition file. One that is refused does not keep the
others from being taken over; then the exit code is 5.

Examples:
  mcp adopt shop --dry-run              shop-web, shop-db, and what is lost when they are replaced
  mcp adopt shop && mcp service export shop
  mcp adopt shop --node rift            where several nodes have such containers
`;
