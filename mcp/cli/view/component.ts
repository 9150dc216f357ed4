import type { ComponentInfo, ServiceInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Output } from "../output/output.ts";
import type { Column } from "../output/table.ts";
import { formatAge, isoTime, timeMsOf } from "../output/time.ts";
import { pendingJson, pendingView } from "./pending.ts";
import { repairJson, repairView } from "./repair.ts";
import { tagJson, tagView } from "./tag.ts";

/** One component on one node. */
export interface ComponentRow {
  readonly node: string;
  readonly service: ServiceInfo;
  readonly component: ComponentInfo;
}

/** Keys of a component in JSON. */
export const componentJson = {
  node: "node",
  service: "service",
  component: "component",
  container: "name of its container",
  image: "image reference",
  image_digest: "digest of the image that runs, or empty",
  version: "tag of the image",
  desired_state: "running, stopped or ignore",
  observed_state: "running, stopped, exited, removed or unknown",
  observed: "when observed_state was learnt (ISO 8601), or null",
  observed_from: "runtime, watch, process or registry",
  started: "when its container started (ISO 8601), or null",
  exit_code: "exit code of an exited container, or null",
  repair: repairJson,
  ports: "published fixed ports",
  routes: "name, port, mode, hostname, host_port",
  pending: pendingJson,
  tag: tagJson,
  outdated: "true: it was declared anew since its container was made, and a deploy would replace it",
} as const;

export function componentView({
  node,
  service,
  component,
}: ComponentRow): Record<keyof typeof componentJson, unknown> {
  return {
    node,
    service: service.name,
    component: component.name,
    container: component.container,
    image: component.image,
    image_digest: component.imageDigest,
    version: component.version,
    desired_state: component.desiredState,
    observed_state: component.observedState,
    observed: isoTime(component.observed),
    observed_from: component.observedFrom,
    started: isoTime(component.started),
    exit_code: component.exitCode ?? null,
    repair: repairView(component),
    ports: component.ports,
    routes: component.routes.map(({ name, port, mode, hostname, hostPort }) => ({
      name,
      port,
      mode,
      hostname,
      host_port: hostPort,
    })),
    pending: component.pending.map(pendingView),
    tag: tagView(component),
    outdated: component.outdated,
  };
}

/** Every component of the services that a node reported. */
export function componentRows(node: string, services: readonly ServiceInfo[]): ComponentRow[] {
  return services.flatMap((service) => service.components.map((component) => ({ node, service, component })));
}

/** Whether a component is not as it should be. Components that are only seen never drift. */
export function drifts({ desiredState, observedState }: ComponentInfo): boolean {
  if (desiredState === "running") return observedState !== "running" && observedState !== "unknown";
  return desiredState === "stopped" && observedState === "running";
}

/** State with its exit code, e.g. `exited (1)`. */
export function stateText({ observedState, exitCode }: ComponentInfo): string {
  return observedState === "exited" && exitCode !== undefined ? `exited (${exitCode})` : observedState;
}

/** Green as wanted, red where it drifts, dim where it is none of our business. */
export function paintState(output: Output, text: string, component: ComponentInfo): string {
  if (component.desiredState === "ignore" || component.observedState === "unknown")
    return output.style("dim", text);
  return output.style(
    drifts(component)
      ? "red"
      : component.pending.length > 0
        ? "yellow"
        : component.observedState === "running"
          ? "green"
          : "yellow",
    text,
  );
}

/** Fixed ports and routes: `8080:80, 443→31080`. */
export function portsText({ ports, routes }: ComponentInfo): string {
  return [...ports, ...routes.map(({ port, hostPort }) => `${port}→${hostPort === 0 ? "?" : hostPort}`)].join(
    ", ",
  );
}

/** Columns that `ps` and `status` share. */
export function componentColumns(output: Output, nowMs: number): Column<ComponentRow>[] {
  return [
    { heading: "NODE", text: ({ node }) => node },
    { heading: "SERVICE", text: ({ service }) => service.name },
    { heading: "COMPONENT", text: ({ component }) => component.name },
    {
      heading: "STATE",
      text: ({ component }) => stateText(component) + (component.pending.length > 0 ? " (pending)" : ""),
      style: (text, { component }) => paintState(output, text, component),
    },
    { heading: "VERSION", text: versionText },
    { heading: "UPTIME", text: ({ component }) => uptime(component, nowMs) },
    { heading: "PORTS", text: ({ component }) => portsText(component) },
  ];
}

function versionText({ component }: ComponentRow): string {
  const { version, outdated, tag } = component;
  const notes = [...(outdated ? ["outdated"] : []), ...(tag?.moved === true ? ["tag moved"] : [])];
  return notes.length === 0 ? version : `${version} (${notes.join(", ")})`.trimStart();
}

/** Says which services were declared anew since they were deployed, and what to do about it. */
export function sayOutdated(output: Output, rows: readonly ComponentRow[]): void {
  const outdated = rows.filter(({ component }) => component.outdated);
  for (const service of new Set(outdated.map((row) => row.service.name))) {
    output.say(`${service} changed since it was deployed; next: \`mcp deploy ${service}\``);
  }
}

function uptime(component: ComponentInfo, nowMs: number): string {
  const startedMs = timeMsOf(component.started);
  return component.observedState !== "running" || startedMs === undefined ? "-" : formatAge(startedMs, nowMs);
}
