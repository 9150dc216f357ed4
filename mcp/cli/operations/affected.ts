import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { nearestWord } from "@metacircular/mcdsl/toml/nearest.ts";

import type { Context } from "../context.ts";
import type { Output } from "../output/output.ts";
import { plain } from "../output/table.ts";
import type { Target } from "../target.ts";

/** Names of the containers that a service, or one component of it, has on the node.
 * @throws DetailedError COMPONENT_NOT_FOUND, and what the agent answers for a service it does not have */
export async function affectedContainers(
  { nodes }: Context,
  node: string,
  { service, component }: Target,
): Promise<string[]> {
  const status = await nodes.call(node, (agent, signal) =>
    agent.getServiceStatus({ name: service }, { signal }),
  );
  const components = status.services
    .filter(({ name }) => name === service)
    .flatMap((info) => info.components);
  const chosen = components.filter(({ name }) => component === "" || name === component);
  if (chosen.length === 0 && component !== "") throw unknownComponent(service, component, components);
  return chosen.map(({ container }) => container);
}

/** Shows what an operation would work on. */
export function showAffected(
  output: Output,
  about: { node: string; service: string; action: string },
  containers: readonly string[],
): void {
  if (output.format === "json") return output.json({ ...about, containers });
  output.print(`${about.service} on ${about.node}: would ${about.action}`);
  for (const container of containers) output.print(`  ${plain(container)}`);
}

function unknownComponent(
  service: string,
  component: string,
  known: readonly { name: string }[],
): DetailedError {
  const names = known.map(({ name }) => name);
  const meant = nearestWord(component, names);
  return new DetailedError({
    code: "COMPONENT_NOT_FOUND",
    category: "not-found",
    attempted: "find component",
    subject: `${service}/${component}`,
    found: `${service} has ${names.join(", ")}`,
    remedy: meant === undefined ? "name one of these" : `did you mean ${meant}?`,
  });
}
