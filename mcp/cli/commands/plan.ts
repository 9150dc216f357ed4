import type { Command } from "@commander-js/extra-typings";

import { openContext } from "../context.ts";
import { resolveDeploy } from "../definitions/resolve.ts";
import type { Invocation } from "../invocation.ts";
import { missingImages } from "../operations/images.ts";
import { planJson } from "../operations/plan.ts";
import { previewDeploy } from "../operations/preview.ts";
import { exitCodes } from "../output/exit-code.ts";

export const json = planJson;

export function define(command: Command, invocation: Invocation): void {
  command
    .argument("[service[/component]]", "service to plan for, or one component of it")
    .option("-f, --file <file>", "definition file (default: <service>.toml in the services directory)")
    .option("--no-build", "as if no images were to be built")
    .option("--allow-dirty", "build a release also of files that are not committed and tagged as it")
    .option("--pull", "also replace what runs another image than its tag names in the registry now")
    .option("--recreate", "replace containers even where nothing changed")
    .option("--exit-code", `exit with ${exitCodes.wouldChange} when something would change`)
    .addHelpText("after", examples)
    .action(async (target, options, self) => {
      await using context = await openContext(self, invocation);
      const resolved = await resolveDeploy(context, target, options.file);
      using images = await missingImages(context, resolved, options);
      const asked = { recreate: options.recreate === true, pull: options.pull === true };
      const steps = await previewDeploy(context, resolved, images, asked);
      if (options.exitCode === true && steps.length > 0) invocation.exitCode = exitCodes.wouldChange;
    });
}

const examples = `
Examples:
  mcp plan metacrypt
  mcp plan metacrypt --exit-code || mcp deploy metacrypt
`;
