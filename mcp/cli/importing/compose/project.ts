import { basename, dirname } from "node:path";

import { limits } from "@metacircular/mcp-core/definition/limits.ts";

import { type ImportedService, named, type Surroundings } from "../imported.ts";
import type { Report } from "../report.ts";
import { extended } from "./extends.ts";
import { entryOf, isTrue, type Located, type LocatedMap, textOf, textsOf } from "./located.ts";
import { readCompose } from "./read.ts";
import { type ComposeComponent, componentOf, dependenciesOf, type ServiceScope } from "./service.ts";
import { variablesOf } from "./variables.ts";

const known = new Set(["version", "name", "services", "networks", "volumes", "secrets", "configs"]);

/** A compose file as a service, with a component for each of its services. What it cannot be is reported.
 * @param chosenName name of the service; undefined: the project's */
export async function composeService(
  file: string,
  chosenName: string | undefined,
  surroundings: Surroundings,
): Promise<ImportedService | undefined> {
  const { report } = surroundings;
  const root = await readCompose(file, surroundings);
  if (root?.kind !== "map") return undefined;
  for (const [key, { place }] of root.entries) {
    if (!known.has(key) && !key.startsWith("x-")) report.add("left-out", place, key, reasonFor(key));
  }
  const services = await servicesOf(root, file, surroundings);
  if (services.size === 0) {
    report.add("problem", root.place, "services", "it has no services that could become components");
    return undefined;
  }
  const name = entryOf(root, "name");
  const written = textOf(name) ?? basename(dirname(file));
  const project =
    chosenName ?? named(written, "service", { place: name?.place ?? root.place, key: "name", report });
  const scope = await scopeOf(root, { file, project, count: services.size, surroundings });
  return assembled(project, services, scope);
}

function reasonFor(key: string): string {
  return key === "include" ? "import the files that it names as well" : "it is not a key that is known here";
}

async function servicesOf(
  root: LocatedMap,
  file: string,
  surroundings: Surroundings,
): Promise<Map<string, LocatedMap>> {
  const services = entryOf(root, "services");
  const result = new Map<string, LocatedMap>();
  if (services?.kind === "map" && services.entries.size > limits.components) {
    const message = `it has ${services.entries.size} services, and a service has ${limits.components} components at most`;
    surroundings.report.add("problem", services.place, "services", message);
    return result;
  }
  for (const [name, node] of services?.kind === "map" ? services.entries : []) {
    const key = `services.${name}`;
    const service = await extended(node, key, { root, file, surroundings });
    const profiles = textsOf(entryOf(service, "profiles"));
    if (service.kind !== "map")
      surroundings.report.add("problem", node.place, key, "it is not a map of keys and values");
    else if (profiles.length === 0) result.set(name, service);
    else {
      const message = `it is only started with profile ${profiles.join(", ")}; remove its profiles and import again to have it`;
      surroundings.report.add("left-out", node.place, key, message);
    }
  }
  return result;
}

async function scopeOf(
  root: LocatedMap,
  about: { file: string; project: string; count: number; surroundings: Surroundings },
): Promise<ServiceScope> {
  const { file, project, count, surroundings } = about;
  const { report } = surroundings;
  const directory = dirname(file);
  const { get } = await variablesOf(directory, surroundings);
  const networkName = nameOnNode(root, "networks", project, report);
  const declared = entryOf(entryOf(root, "networks"), "default") !== undefined;
  return {
    project,
    directory,
    variables: get,
    networkName,
    volumeName: nameOnNode(root, "volumes", project, report),
    defaultNetwork: count > 1 || declared ? "default" : "",
    surroundings,
  };
}

/** What compose calls a network or a volume on the node. Their settings are noted once. */
function nameOnNode(
  root: LocatedMap,
  kind: "networks" | "volumes",
  project: string,
  report: Report,
): (name: string) => string {
  const declared = entryOf(root, kind);
  for (const [name, node] of declared?.kind === "map" ? declared.entries : []) {
    for (const [option, { place }] of node.kind === "map" ? node.entries : []) {
      if (option === "name" || option === "external" || option.startsWith("x-")) continue;
      const what =
        kind === "networks" ? "a network is made on the node, by hand" : "a volume is made without settings";
      report.add("left-out", place, `${kind}.${name}.${option}`, what);
    }
  }
  return (name) => {
    const node = entryOf(declared, name);
    const external = entryOf(node, "external");
    const given = textOf(entryOf(node, "name")) ?? textOf(entryOf(external, "name"));
    return given ?? (isTrue(external) ? name : `${project}_${name}`);
  };
}

async function assembled(
  project: string,
  services: ReadonlyMap<string, LocatedMap>,
  scope: ServiceScope,
): Promise<ImportedService> {
  const { report } = scope.surroundings;
  const defaultNetwork = scope.defaultNetwork === "" ? "" : scope.networkName(scope.defaultNetwork);
  const components: ComposeComponent[] = [];
  const networks = new Set<string>();
  for (const name of inOrder(services, report)) {
    const service = services.get(name);
    if (service === undefined) continue;
    const key = `services.${name}`;
    const label = named(name, "component", { place: service.place, key, report });
    const component = await componentOf(service, label, key, { ...scope, defaultNetwork });
    components.push(component);
    networks.add(component.component.network);
  }
  const [first] = services.values();
  for (const network of networks) {
    if (network === "" || network === "host" || network === "none" || first === undefined) continue;
    const example = components.find(({ component }) => component.network === network)?.component.name ?? "";
    const message = `the node must have network ${network} (podman network create ${network}), and in it components are reached by their containers' names, such as ${example === project ? project : `${project}-${example}`}`;
    report.add("changed", first.place, "networks", message);
  }
  return {
    name: project,
    components: components.map(({ component }) => component),
    build: buildOf(components),
  };
}

function buildOf(components: readonly ComposeComponent[]): Record<string, string> {
  const images = components.flatMap(({ component, dockerfile }) =>
    dockerfile === undefined
      ? []
      : [[component.image.slice(component.image.lastIndexOf("/") + 1).replace(/[:@].*$/s, ""), dockerfile]],
  );
  return Object.fromEntries(images) as Record<string, string>;
}

/** Names of the services, each after those that it depends on. */
function inOrder(services: ReadonlyMap<string, Located>, report: Report): string[] {
  const order: string[] = [];
  const visiting = new Set<string>();
  const visit = (name: string): void => {
    const service = services.get(name);
    if (service === undefined || order.includes(name)) return;
    if (visiting.has(name))
      return report.add(
        "left-out",
        service.place,
        `services.${name}.depends_on`,
        "services depend on each other in a circle",
      );
    visiting.add(name);
    for (const dependency of dependenciesOf(service)) visit(dependency);
    visiting.delete(name);
    order.push(name);
  };
  for (const [name, service] of services) {
    visit(name);
    const dependsOn = entryOf(service, "depends_on");
    for (const [other, node] of dependsOn?.kind === "map" ? dependsOn.entries : []) {
      if (textOf(entryOf(node, "condition")) !== "service_completed_successfully") continue;
      const message = "a component cannot wait for another to end; run that one by itself, before";
      report.add("left-out", node.place, `services.${name}.depends_on.${other}.condition`, message);
    }
    if (dependsOn !== undefined) {
      const message = "it becomes the order of the components: each starts when those before it are healthy";
      report.add("changed", dependsOn.place, `services.${name}.depends_on`, message);
    }
  }
  return order;
}
