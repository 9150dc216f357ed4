import { containerName } from "../names.ts";
import type { ServiceSpec } from "../spec.ts";
import { type Path, type Problem, quote } from "./problem.ts";

/** A DNS label (RFC 1123): what services, components, nodes and routes are called. */
export const labelPattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";
const label = new RegExp(labelPattern);

/** Longest name of a container: it is also its host name. */
const longestContainerName = 63;

/** Says what is wrong with a name; nothing when it is a DNS label. */
export function checkLabel(what: string, name: string, path: Path): Problem[] {
  if (label.test(name)) return [];
  if (name === "") return [{ path, message: `${what} name is empty` }];
  if (name.length > 63) {
    return [{ path, message: `${what} name ${quote(name)} has ${name.length} characters (63 at most)` }];
  }
  return [{ path, message: `${what} name ${quote(name)} is not a name (a-z, 0-9 and inner "-" only)` }];
}

/** Service, node and component names; the node may be empty only where the source need not name one. */
export function checkNames(spec: ServiceSpec): Problem[] {
  const service = checkLabel("service", spec.name, ["name"]);
  const problems = [...service];
  if (spec.node !== "") problems.push(...checkLabel("node", spec.node, ["node"]));
  const seen = new Set<string>();
  for (const [index, { name }] of spec.components.entries()) {
    const path = ["components", index, "name"];
    const wrong = checkLabel("component", name, path);
    problems.push(...wrong);
    if (seen.has(name)) problems.push({ path, message: `component ${quote(name)} is declared twice` });
    seen.add(name);
    const container = containerName(spec.name, name);
    if (service.length === 0 && wrong.length === 0 && container.length > longestContainerName) {
      const message = `container name "${container}" has ${container.length} characters (${longestContainerName} at most; shorten the service or component name)`;
      problems.push({ path, message });
    }
  }
  return problems;
}
