import type { Command } from "@commander-js/extra-typings";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { openContext } from "../context.ts";
import { resolveDeploy } from "../definitions/resolve.ts";
import type { Invocation } from "../invocation.ts";
import { makeMissing, missingImages } from "../operations/images.ts";
import { planJson } from "../operations/plan.ts";
import { previewDeploy } from "../operations/preview.ts";
import { operationJson, showOperation } from "../operations/result.ts";
import { runOperation } from "../operations/run.ts";
import { plain } from "../output/table.ts";

export const json = { ...operationJson, "with --dry-run": Object.keys(planJson).join(", ") } as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .argument("[service[/component]]", "service to deploy, or one component of it")
    .option("-f, --file <file>", "definition file (default: <service>.toml in the services directory)")
    .option("--dry-run", "only show what would be done")
    .option("--no-build", "build no images, even where they are missing")
    .option("--allow-dirty", "build a release also of files that are not committed and tagged as it")
    .option("--pull", "also replace what runs another image than its tag names in the registry now")
    .option("--recreate", "replace containers even where nothing changed")
    .addHelpText("after", examples)
    .action(async (target, options, self) => {
      await using context = await openContext(self, invocation);
      const resolved = await resolveDeploy(context, target, options.file);
      const { node, service, component, spec } = resolved;
      using images = await missingImages(context, resolved, options);
      const asked = { recreate: options.recreate === true, pull: options.pull === true };
      if (options.dryRun === true) {
        await previewDeploy(context, resolved, images, asked);
        return;
      }
      const made = await makeMissing(context, images);
      const result = await runOperation(context, node, (agent, operationId, call) =>
        agent.deploy({ service: spec, component, operationId, ...asked }, call),
      );
      showOperation(context, { verb: "deploy", node, service }, result);
      // Its registry had lost an image that the node still has.
      if (result.outcome === OperationOutcome.UNCHANGED && made.length > 0)
        context.output.say(
          `${node} goes on with the image that it had as ${plain(made.join(", "))}; to replace it by the new one, if that differs: mcp deploy ${service} --pull`,
        );
    });
}

const examples = `
Images that are missing in their registry, and that the definition says how to build, are built and pushed before.
When it fails, what ran before keeps running, and the exit code is 6.

Examples:
  mcp deploy metacrypt                  all components
  mcp deploy metacrypt/web              one component
  mcp deploy -f ./metacrypt.toml        a file that lies elsewhere
  mcp deploy metacrypt --dry-run        show the plan
`;
