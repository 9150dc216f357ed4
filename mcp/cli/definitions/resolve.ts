import { resolve } from "node:path";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { nearestWord } from "@metacircular/mcdsl/toml/nearest.ts";
import type { Definition } from "@metacircular/mcp-core/definition.ts";
import { definitionToSpec } from "@metacircular/mcp-core/definition/convert.ts";
import { specToMessage } from "@metacircular/mcp-core/spec-codec.ts";
import type { ServiceSpec } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Context } from "../context.ts";
import { locateDefined } from "../nodes/locate.ts";
import { parseTarget, type Target } from "../target.ts";
import { readDefinition } from "./read.ts";

/** What is to be deployed, and where. */
export interface ResolvedDeploy {
  readonly node: string;
  readonly service: string;
  /** Empty: all. */
  readonly component: string;
  readonly spec: ServiceSpec;
  /** Undefined: there is no definition file, and what its node deployed last is deployed again. */
  readonly definition: Definition | undefined;
}

/** Finds what to deploy: the file in `-f`, else the service's definition file, else what the service's node
 * deployed last.
 * @throws DetailedError */
export async function resolveDeploy(
  context: Context,
  text: string | undefined,
  file: string | undefined,
): Promise<ResolvedDeploy> {
  const target = text === undefined ? undefined : parseTarget(text);
  const resolved = await (file === undefined
    ? byName(context, target ?? missingTarget())
    : fromFile(context, target, file));
  checkComponent(resolved);
  return resolved;
}

async function fromFile(context: Context, target: Target | undefined, file: string): Promise<ResolvedDeploy> {
  const definition = await readDefinition(resolve(file), target?.service);
  const node = chosenNode(context, definition.name, definition.node);
  const spec = specToMessage(definitionToSpec(definition));
  return { node, service: definition.name, component: target?.component ?? "", spec, definition };
}

async function byName(context: Context, target: Target): Promise<ResolvedDeploy> {
  const { node, loaded } = await locateDefined(context, target.service);
  if (loaded === undefined) {
    const spec = await lastDeployed(context, node, target.service);
    return { ...target, node, spec, definition: undefined };
  }
  const { definition, file } = loaded;
  context.output.explain(`using ${file}`);
  chosenNode(context, definition.name, definition.node);
  return { ...target, node, spec: specToMessage(definitionToSpec(definition)), definition };
}

/** The node that a definition names; --node may repeat it, not change it. */
function chosenNode(context: Context, service: string, node: string): string {
  const [given = node, ...more] = context.globals.node;
  if (given !== node || more.length > 0) {
    throw new DetailedError({
      code: "WRONG_NODE",
      category: "invalid-argument",
      attempted: "deploy",
      subject: service,
      found: `its definition names node ${node}, but --node names ${context.globals.node.join(", ")}`,
      remedy: "leave --node out, or change the definition",
    });
  }
  return context.nodes.config(node).name;
}

async function lastDeployed(context: Context, node: string, service: string): Promise<ServiceSpec> {
  const { revisions } = await context.nodes.call(node, (agent, signal) =>
    agent.listRevisions({ service, limit: 1 }, { signal }),
  );
  const [latest] = revisions;
  if (latest?.spec === undefined) {
    throw new DetailedError({
      code: "DEFINITION_NOT_FOUND",
      category: "not-found",
      attempted: "deploy",
      subject: service,
      found: `there is no definition file for it, and node ${node} has not deployed it yet`,
      remedy: `write ${context.config.servicesDirectory}/${service}.toml, or name a file with -f`,
    });
  }
  context.output.say(
    `no definition file for ${service}; deploying revision ${latest.number} of node ${node} again`,
  );
  return latest.spec;
}

function checkComponent({ service, component, spec }: ResolvedDeploy): void {
  const names = spec.components.map(({ name }) => name);
  if (component === "" || names.includes(component)) return;
  const meant = nearestWord(component, names);
  throw new DetailedError({
    code: "COMPONENT_NOT_FOUND",
    category: "invalid-argument",
    attempted: "find component",
    subject: `${service}/${component}`,
    found: `${service} has ${names.join(", ")}`,
    remedy: meant === undefined ? "name one of these" : `did you mean ${meant}?`,
  });
}

function missingTarget(): never {
  throw new DetailedError({
    code: "NAME_MISSING",
    category: "invalid-argument",
    attempted: "deploy",
    found: "neither a service nor a file is named",
    remedy: "name a service, or a file with -f",
  });
}
