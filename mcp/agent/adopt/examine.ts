import {
  adoptionCandidates,
  composeProject,
  nearlyCandidates,
} from "@metacircular/mcp-core/adoption-candidates.ts";
import { imageReferences } from "@metacircular/mcp-core/adoption-image.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { checkService } from "@metacircular/mcp-core/definition/checks.ts";
import { containerName, nextSuffix, previousSuffix } from "@metacircular/mcp-core/names.ts";
import { type ComponentSpec, defaultHealth } from "@metacircular/mcp-core/spec.ts";
import type { Registry } from "../registry/registry.ts";
import { type Container, type ContainerSettings, labels, type Runtime } from "../runtime/runtime.ts";
import { isRestarting } from "../runtime/restarting.ts";
import { betterName, imageUnnamed, notDefinable, refusal } from "./refusal.ts";

/** A container that belongs to a service by its name, and what would become of it. */
export interface Examined {
  readonly id: string;
  readonly container: string;
  readonly component: string;
  readonly desired: "running" | "stopped";
  /** What is lost when it is replaced. */
  readonly notCarried: readonly string[];
  /** It is managed already. */
  readonly managed: boolean;
  /** What it is, as a definition says it; undefined where it is refused. */
  readonly spec: ComponentSpec | undefined;
  readonly refused: DetailedError | undefined;
}

interface Parts {
  readonly runtime: Runtime;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Looks at every container that belongs to the service by its name; changes nothing.
 * @param known services that the operator knows of besides those that the registry manages
 * @throws DetailedError NOTHING_TO_ADOPT */
export async function examineContainers(
  service: string,
  known: readonly string[],
  parts: Parts,
): Promise<Examined[]> {
  const containers = (await parts.runtime.list(parts.signal)).map((container) => ({
    ...container,
    labelled: container.labels[labels.service],
    project: composeProject(container.labels),
  }));
  const managed = parts.registry.components.all().filter(({ desired }) => desired !== "ignore");
  const services = [...known, ...managed.map((component) => component.service)];
  const candidates = adoptionCandidates(service, containers, services)
    .filter(({ container }) => !isBeside(container))
    .toSorted((a, b) => (a.component < b.component ? -1 : 1));
  if (candidates.length === 0) throw nothingToAdopt(service, containers);
  const settings = await Promise.all(
    candidates.map(({ container }) => parts.runtime.settings(container.id, parts.signal)),
  );
  const accepted: ComponentSpec[] = (parts.registry.service(service)?.components ?? []).map(
    ({ spec }) => spec,
  );
  const examined: Examined[] = [];
  for (const [index, { container, component }] of candidates.entries()) {
    const found = settings[index];
    if (found === undefined) continue;
    const beside = containers.find((other) => isBeside(other) && belongsTo(other, service, component))?.name;
    const one = await examine({ service, component, container, settings: found, accepted, beside }, parts);
    examined.push(one);
    if (one.spec !== undefined && !one.managed) replaceIn(accepted, one.spec);
  }
  return examined;
}

function belongsTo({ labels: written }: Container, service: string, component: string): boolean {
  return written[labels.service] === service && written[labels.component] === component;
}

/** A second container of a component that is being replaced. */
function isBeside({ name, labels: written }: Container): boolean {
  const isOurs = written[labels.service] !== undefined;
  return isOurs && (name.endsWith(nextSuffix) || name.endsWith(previousSuffix));
}

interface Candidate {
  readonly service: string;
  readonly component: string;
  readonly container: Container;
  readonly settings: ContainerSettings;
  /** What the service has already, and those taken over before this one. */
  readonly accepted: readonly ComponentSpec[];
  /** A container that the component has under another name. */
  readonly beside: string | undefined;
}

async function examine(candidate: Candidate, parts: Parts): Promise<Examined> {
  const { service, component, container, settings } = candidate;
  const about = { id: container.id, container: container.name, component };
  const registered = parts.registry.service(service)?.components.find(({ spec }) => spec.name === component);
  if (registered !== undefined && container.labels[labels.service] === service) {
    const isAdopted = parts.registry.components.adoptions().has(container.id);
    return {
      ...about,
      desired: registered.desired === "stopped" ? "stopped" : "running",
      notCarried: isAdopted ? lossesOf(candidate) : [],
      managed: true,
      spec: registered.spec,
      refused: undefined,
    };
  }
  const outcome = await specOf(candidate, parts);
  return {
    ...about,
    desired: (await isRunning(settings, parts)) ? "running" : "stopped",
    notCarried: lossesOf(candidate),
    managed: false,
    ...(outcome instanceof DetailedError
      ? { spec: undefined, refused: outcome }
      : { spec: outcome, refused: undefined }),
  };
}

const running = new Set<ContainerSettings["state"]>(["running", "stopping", "paused"]);

/** One that ends and is restarted again and again may be between two runs. */
async function isRunning(
  { id, state }: ContainerSettings,
  { runtime, clock, signal }: Parts,
): Promise<boolean> {
  if (running.has(state)) return true;
  const container = await runtime.inspect(id, signal);
  return container !== undefined && isRestarting(container, clock.now());
}

/** What a container of ours would not have. */
function lossesOf({ component, container, settings }: Candidate): string[] {
  const aliases = settings.networkAliases.filter((alias) => alias !== component && alias !== container.name);
  return [...settings.beyond, ...aliases.map((alias) => `network alias ${alias}`)];
}

async function specOf(candidate: Candidate, parts: Parts): Promise<ComponentSpec | DetailedError> {
  const { service, component, container, settings, accepted } = candidate;
  const { name } = container;
  if (container.labels[labels.service] !== undefined) {
    const remedy =
      "deploy its definition: the container is recognised by its labels, and stays where it fits";
    return refusal(name, "MCP created it, but the registry has no entry of it", remedy);
  }
  if (containerName(service, component) !== name) {
    const remedy = `give it another name, e.g. with: podman rename ${name} ${betterName(service, name)}; then adopt again`;
    return refusal(name, `no component of ${service} can have a container of that name`, remedy);
  }
  if (candidate.beside !== undefined) {
    const remedy = `remove one of the two, e.g. with: podman rm ${candidate.beside}; then adopt again`;
    return refusal(name, `${service}/${component} has a container already, ${candidate.beside}`, remedy);
  }
  if (settings.removedAtEnd) {
    const remedy =
      "create it again without --rm; if a systemd unit runs it, disable the unit and see `mcp service import`";
    return refusal(name, "it was created with --rm, so nothing of it could be put back once it ends", remedy);
  }
  const image = await deployableImage(settings, parts);
  if (image === undefined) return imageUnnamed(settings);
  const { network, user, restart, ports, volumes, env, cmd } = settings;
  const declared = { name: component, image, network, user, restart, ports, volumes, env, cmd };
  const spec: ComponentSpec = { ...declared, routes: [], health: defaultHealth, update: "auto" };
  const others = accepted.filter((other) => other.name !== component);
  const problems = checkService({ name: service, node: "", active: true, components: [...others, spec] });
  const own = problems.filter(
    ({ path }) => path[0] !== "components" || (path[1] ?? others.length) === others.length,
  );
  return own.length === 0 ? spec : notDefinable({ service, container: name }, own);
}

/** A reference that stands for the container's image, so that deploying it changes nothing. */
async function deployableImage(
  settings: ContainerSettings,
  { runtime, signal }: Parts,
): Promise<string | undefined> {
  const { image, imageNames: names, imageDigests: digests } = settings;
  for (const reference of imageReferences({ image, names, digests })) {
    if ((await runtime.image(reference, signal))?.id === settings.imageId) return reference;
  }
  return undefined;
}

function replaceIn(accepted: ComponentSpec[], spec: ComponentSpec): void {
  const index = accepted.findIndex(({ name }) => name === spec.name);
  if (index < 0) accepted.push(spec);
  else accepted[index] = spec;
}

/** How many names an error lists. */
const listedNames = 10;

function nothingToAdopt(service: string, containers: readonly Container[]): DetailedError {
  const foreign = containers.filter(({ labels: written }) => written[labels.service] === undefined);
  const names = foreign.map(({ name }) => name).toSorted();
  const [near, ...more] = nearlyCandidates(service, names);
  const shown = near === undefined ? names : [near, ...more];
  const rest = shown.length > listedNames ? `, and ${shown.length - listedNames} more` : "";
  const others =
    shown.length === 0
      ? "there is no container that MCP does not manage"
      : `${near === undefined ? "those that MCP does not manage are" : "similar are"} ${shown.slice(0, listedNames).join(", ")}${rest}`;
  return new DetailedError({
    code: "NOTHING_TO_ADOPT",
    category: "not-found",
    attempted: "adopt the containers of",
    subject: service,
    found: `none is called ${service} or ${service}-<component> and belongs to no other service; ${others}`,
    remedy:
      near === undefined
        ? "name the service as its containers begin, or rename them with: podman rename"
        : `adopt them by the service's name, or rename them, e.g. with: podman rename ${near} ${nearName(service, near)}`,
  });
}

function nearName(service: string, near: string): string {
  const at = near.toLowerCase().indexOf(service);
  return betterName(service, at < 0 ? `${service}-${near}` : near.slice(at));
}
