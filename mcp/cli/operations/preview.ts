import type { PlannedStep } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Context } from "../context.ts";
import type { ResolvedDeploy } from "../definitions/resolve.ts";
import type { Preparation } from "../images/prepare-images.ts";
import { buildNotes } from "./build-notes.ts";
import { showPlan } from "./plan.ts";

/** Shows what a deploy would do: here, with the images that are missing, and then on its node.
 * @returns all its steps */
export async function previewDeploy(
  context: Context,
  { node, service, component, spec }: ResolvedDeploy,
  images: Preparation | undefined,
  options: { recreate: boolean; pull: boolean },
): Promise<readonly Pick<PlannedStep, "description">[]> {
  const made = (images?.made ?? []).map(({ image, isForThisMachine }) => ({
    image,
    isTaken: options.pull || isForThisMachine,
  }));
  const awaitedImages = made.filter(({ isTaken }) => isTaken).map(({ image }) => image);
  const request = { service: spec, component, awaitedImages, ...options };
  const plan = await context.nodes.call(node, (agent, signal) => agent.planDeploy(request, { signal }));
  const components = spec.components.filter(({ name }) => component === "" || name === component);
  const { steps = [], notes = [] } = images ?? {};
  const told = [...notes, ...buildNotes({ node, components }, made, plan.changes)];
  showPlan(context.output, { node, service }, plan, { steps, notes: told });
  return [...steps, ...plan.steps];
}
