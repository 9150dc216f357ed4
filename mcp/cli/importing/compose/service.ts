import { posix } from "node:path";

import { splitWords } from "../../words.ts";
import { fullImage, type ImportedComponent, type Surroundings } from "../imported.ts";
import type { Report } from "../report.ts";
import { environmentOf } from "./environment.ts";
import { healthOf } from "./health.ts";
import { carried, leftOut, leftOutOfBuild } from "./keys.ts";
import { entryOf, isTrue, itemsOf, type Located, type LocatedMap, textOf, textsOf } from "./located.ts";
import { portsOf } from "./ports.ts";
import { volumesOf } from "./volumes.ts";

/** What a service is read in. */
export interface ServiceScope {
  readonly project: string;
  readonly directory: string;
  readonly variables: (name: string) => string | undefined;
  readonly networkName: (name: string) => string;
  readonly volumeName: (name: string) => string;
  /** Network of services that name none; empty: the runtime's. */
  readonly defaultNetwork: string;
  readonly surroundings: Surroundings;
}

/** A component and how its image is built. */
export interface ComposeComponent {
  readonly component: ImportedComponent;
  readonly dockerfile: string | undefined;
}

/** One service of a compose file, as a component.
 * @param name what the component is called
 * @param key where the service stands, e.g. `services.web` */
export async function componentOf(
  service: LocatedMap,
  name: string,
  key: string,
  scope: ServiceScope,
): Promise<ComposeComponent> {
  const { surroundings, directory } = scope;
  const { report, home } = surroundings;
  noteLeftOut(service, key, report);
  const dockerfile = dockerfileOf(entryOf(service, "build"), `${key}.build`, report);
  const image = entryOf(service, "image");
  const network = networkOf(service, key, scope);
  const ports = portsOf(entryOf(service, "ports"), `${key}.ports`, report);
  const reachable = network !== "host" && network !== "none";
  if (ports.length > 0 && !reachable) {
    report.add(
      "left-out",
      entryOf(service, "ports")?.place ?? service.place,
      `${key}.ports`,
      `ports mean nothing in network ${network}`,
    );
  }
  const written = textOf(image) ?? (dockerfile === undefined ? "" : `localhost/${scope.project}-${name}`);
  const component: ImportedComponent = {
    name,
    image: fullImage(name, written, { place: (image ?? service).place, key: `${key}.image`, surroundings }),
    network,
    user: textOf(entryOf(service, "user")) ?? "",
    restart: restartOf(service, key, report),
    ports: reachable ? ports : [],
    volumes: volumesOf(entryOf(service, "volumes"), `${key}.volumes`, { ...scope, directory, home, report }),
    cmd: commandOf(entryOf(service, "command"), `${key}.command`, report),
    env: await environmentOf(service, key, scope),
    health: healthOf(entryOf(service, "healthcheck"), `${key}.healthcheck`, report),
    place: (image ?? service).place,
  };
  noteContainerName(service, key, component, scope);
  return { component, dockerfile };
}

function noteLeftOut(service: LocatedMap, key: string, report: Report): void {
  for (const [name, { place }] of service.entries) {
    if (carried.has(name) || name.startsWith("x-")) continue;
    const reason = Object.hasOwn(leftOut, name) ? leftOut[name] : undefined;
    report.add("left-out", place, `${key}.${name}`, reason ?? "it is not a key that is known here");
  }
  const init = entryOf(service, "init");
  if (init !== undefined && !isTrue(init))
    report.add("left-out", init.place, `${key}.init`, "components always have an init");
  const deploy = entryOf(service, "deploy");
  for (const [name, { place }] of deploy?.kind === "map" ? deploy.entries : []) {
    if (name !== "restart_policy")
      report.add(
        "left-out",
        place,
        `${key}.deploy.${name}`,
        "a component is one container, without limits of resources",
      );
  }
}

function noteContainerName(
  service: LocatedMap,
  key: string,
  { name }: ImportedComponent,
  scope: ServiceScope,
): void {
  const given = entryOf(service, "container_name");
  const becomes = name === scope.project ? name : `${scope.project}-${name}`;
  if (given === undefined || textOf(given) === becomes) return;
  scope.surroundings.report.add(
    "changed",
    given.place,
    `${key}.container_name`,
    `the container is called ${becomes}`,
  );
}

function commandOf(node: Located | undefined, key: string, report: Report): string[] {
  if (node?.kind !== "scalar") return textsOf(node);
  const words = splitWords(node.text ?? "");
  if (words !== undefined) return words;
  report.add("problem", node.place, key, "a quote is not closed");
  return [];
}

function networkOf(service: LocatedMap, key: string, scope: ServiceScope): string {
  const { report } = scope.surroundings;
  const mode = entryOf(service, "network_mode");
  const modeText = textOf(mode);
  if (mode !== undefined && modeText !== undefined) {
    if (modeText === "host" || modeText === "none") return modeText;
    if (modeText === "bridge") return "";
    const shared = /^(service|container):/.test(modeText);
    const message = shared
      ? "components cannot share a network; they reach each other in a common one"
      : "it is not a network that is known here";
    report.add("left-out", mode.place, `${key}.network_mode`, message);
    return "";
  }
  const node = entryOf(service, "networks");
  const names = node?.kind === "map" ? [...node.entries.keys()] : textsOf(node);
  const [first, ...others] = names;
  if (node === undefined || first === undefined) return scope.defaultNetwork;
  if (others.length > 0)
    report.add(
      "left-out",
      node.place,
      `${key}.networks`,
      `a component joins one network, ${first}; not ${others.join(", ")}`,
    );
  for (const [option, { place }] of optionsOf(entryOf(node, first))) {
    report.add(
      "left-out",
      place,
      `${key}.networks.${first}.${option}`,
      "only the network itself can be declared",
    );
  }
  return scope.networkName(first);
}

function optionsOf(node: Located | undefined): readonly (readonly [string, Located])[] {
  return node?.kind === "map" ? [...node.entries] : [];
}

function restartOf(service: LocatedMap, key: string, report: Report): string {
  const restart = entryOf(service, "restart");
  if (restart !== undefined) return textOf(restart) === "false" ? "no" : (textOf(restart) ?? "no");
  const policy = entryOf(entryOf(service, "deploy"), "restart_policy");
  if (policy === undefined) return "no";
  for (const [option, { place }] of optionsOf(policy)) {
    if (option === "condition" || option === "max_attempts") continue;
    report.add(
      "left-out",
      place,
      `${key}.deploy.restart_policy.${option}`,
      "the agent decides when to try again",
    );
  }
  const attempts = textOf(entryOf(policy, "max_attempts"));
  switch (textOf(entryOf(policy, "condition")) ?? "any") {
    case "none":
      return "no";
    case "on-failure":
      return attempts === undefined ? "on-failure" : `on-failure:${attempts}`;
    default:
      return "unless-stopped";
  }
}

/** The Dockerfile relative to the project's directory, or undefined where nothing is built or it cannot be said. */
function dockerfileOf(build: Located | undefined, key: string, report: Report): string | undefined {
  if (build === undefined) return undefined;
  const context = textOf(build.kind === "map" ? entryOf(build, "context") : build) ?? ".";
  for (const [name, { place }] of optionsOf(build)) {
    if (name !== "context" && name !== "dockerfile")
      report.add("left-out", place, `${key}.${name}`, leftOutOfBuild);
  }
  const path = posix.normalize(posix.join(context, textOf(entryOf(build, "dockerfile")) ?? "Dockerfile"));
  if (
    context.startsWith("/") ||
    context.includes("://") ||
    context.startsWith("git@") ||
    path.startsWith("../")
  ) {
    report.add("left-out", build.place, key, `${context} does not lie in the directory of the file`);
    return undefined;
  }
  if (posix.normalize(context).replace(/\/$/, "") !== ".") {
    report.add("changed", build.place, key, `it is built in the source directory, not in ${context}`);
  }
  return path;
}

/** Services that a service depends on. */
export function dependenciesOf(service: Located): string[] {
  const node = entryOf(service, "depends_on");
  return node?.kind === "map"
    ? [...node.entries.keys()]
    : itemsOf(node).flatMap((item) => textOf(item) ?? []);
}
