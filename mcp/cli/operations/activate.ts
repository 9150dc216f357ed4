import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import type { Context } from "../context.ts";
import { editActive } from "../definitions/edit.ts";
import { locateService, type ServiceLocation } from "../nodes/locate.ts";
import { formatError } from "../output/error.ts";
import { exitCodes } from "../output/exit-code.ts";
import { showPlan } from "./plan.ts";
import { showOperation } from "./result.ts";
import { runOperation } from "./run.ts";

/** Starts or stops a service, and then says so in the operator's definition file, so that the next deploy does
 * not undo it. */
export async function activate(
  context: Context,
  service: string,
  wanted: { active: boolean; dryRun: boolean },
): Promise<void> {
  const { active } = wanted;
  const location = await locateService(context, service);
  const { node } = location;
  if (wanted.dryRun) return showWhatWouldChange(context, node, service, active);
  const result = await runOperation(context, node, (agent, operationId, call) =>
    active
      ? agent.startService({ name: service, operationId }, call)
      : agent.stopService({ name: service, operationId }, call),
  );
  showOperation(context, { verb: active ? "start" : "stop", node, service }, result);
  if (context.invocation.exitCode === exitCodes.done) return recordInFile(context, location, active);
  const { loaded } = location;
  if (loaded === undefined || loaded.definition.active === active) return;
  context.output.complain(
    `${loaded.file} still says active = ${!active}, which the next sync or deploy brings about`,
  );
}

/** Asks the planner about what the node has deployed, started or stopped: also where something newer is declared,
 * which only a deploy brings. */
async function showWhatWouldChange(
  context: Context,
  node: string,
  service: string,
  active: boolean,
): Promise<void> {
  const status = await context.nodes.call(node, (agent, signal) =>
    agent.getServiceStatus({ name: service }, { signal }),
  );
  const info = status.services.find(({ name }) => name === service);
  const isOutdated = info?.components.some(({ outdated }) => outdated) === true;
  const spec = (isOutdated ? await deployedSpec(context, node, service) : undefined) ?? info?.spec;
  if (spec === undefined) {
    throw new DetailedError({
      code: "SERVICE_NOT_FOUND",
      category: "not-found",
      attempted: "plan for",
      subject: service,
      found: `node ${node} has no specification of it`,
      remedy: "deploy it first",
    });
  }
  const request = { service: { ...spec, active } };
  const plan = await context.nodes.call(node, (agent, signal) => agent.planDeploy(request, { signal }));
  showPlan(context.output, { node, service }, plan);
}

/** Undefined where what is deployed is no revision as a whole. */
async function deployedSpec({ nodes }: Context, node: string, service: string) {
  const { revisions } = await nodes.call(node, (agent, signal) =>
    agent.listRevisions({ service, limit: 100 }, { signal }),
  );
  return revisions.find(({ current }) => current)?.spec;
}

/** Says in the definition file whether the service is active; nothing where it says so already. */
export async function recordInFile(
  { output, invocation }: Context,
  { loaded, unusable }: ServiceLocation,
  active: boolean,
): Promise<void> {
  if (unusable !== undefined) {
    output.complain(...formatError(unusable));
    output.complain(`set active = ${active} in the file yourself, or the next deploy undoes this`);
    invocation.exitCode = exitCodes.partlyFailed;
  }
  if (loaded === undefined) return;
  if (loaded.definition.active === active) return;
  try {
    await editActive(loaded.file, active);
    output.say(`${loaded.file}: active = ${active}`);
  } catch (thrown) {
    output.complain(...formatError(thrown));
    output.complain(`set active = ${active} in ${loaded.file} yourself, or the next deploy undoes this`);
    invocation.exitCode = exitCodes.partlyFailed;
  }
}
