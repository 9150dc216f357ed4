import type { ComponentDefinition, Definition, HealthDefinition } from "../definition.ts";
import {
  type ComponentSpec,
  defaultHealth,
  type HealthProbe,
  type HealthSpec,
  type ServiceSpec,
} from "../spec.ts";
import { formatDuration, parseDuration } from "../duration.ts";

export const defaultRestart = "unless-stopped";

/** What a definition declares, without what only building needs. */
export function definitionToSpec(definition: Definition): ServiceSpec {
  return {
    name: definition.name,
    node: definition.node,
    active: definition.active,
    ...(definition.reconcile === undefined ? {} : { reconcile: definition.reconcile }),
    components: definition.components.map(componentToSpec),
  };
}

function componentToSpec(component: ComponentDefinition): ComponentSpec {
  const { name, image, network, user, ports, volumes, cmd, env, update } = component;
  const restart = component.restart === "" ? defaultRestart : component.restart;
  const routes = component.routes.map((route) => ({
    name: route.name ?? "",
    port: route.port,
    mode: route.mode,
    hostname: route.hostname ?? "",
  }));
  const health = healthToSpec(component.health ?? {});
  return { name, image, network, user, restart, ports, volumes, cmd, env, routes, health, update };
}

function healthToSpec(health: HealthDefinition): HealthSpec {
  const durationMs = (text: string | undefined, otherwise: number) =>
    text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
  return {
    probe: probeToSpec(health),
    intervalMs: durationMs(health.interval, defaultHealth.intervalMs),
    timeoutMs: durationMs(health.timeout, defaultHealth.timeoutMs),
    deadlineMs: durationMs(health.deadline, defaultHealth.deadlineMs),
    settleMs: durationMs(health.settle, defaultHealth.settleMs),
  };
}

function probeToSpec(health: HealthDefinition): HealthProbe {
  const route = health.route ?? "";
  if (health.http !== undefined) return { kind: "http", path: health.http, route };
  if (health.tcp !== undefined) return { kind: "tcp", route };
  if (health.cmd !== undefined) return { kind: "cmd", argv: health.cmd };
  return { kind: "settle" };
}

/** A definition that declares the spec, with defaults left out: what a person would have written. */
export function specToDefinition(spec: ServiceSpec): Record<string, unknown> {
  return {
    name: spec.name,
    node: spec.node,
    ...(spec.active ? {} : { active: false }),
    ...(spec.reconcile === undefined ? {} : { reconcile: spec.reconcile }),
    components: spec.components.map(componentToDefinition),
  };
}

function componentToDefinition(component: ComponentSpec): Record<string, unknown> {
  const { name, image, network, user, restart, update } = component;
  const lists = Object.entries({
    ports: component.ports,
    volumes: component.volumes,
    cmd: component.cmd,
    env: component.env,
  }).filter(([, items]) => items.length > 0);
  const health = healthToDefinition(component.health);
  const routes = component.routes.map((route) => ({
    ...(route.name === "" ? {} : { name: route.name }),
    port: route.port,
    mode: route.mode,
    ...(route.hostname === "" ? {} : { hostname: route.hostname }),
  }));
  return {
    name,
    image,
    ...(network === "" ? {} : { network }),
    ...(user === "" ? {} : { user }),
    ...(restart === defaultRestart ? {} : { restart }),
    ...Object.fromEntries(lists),
    ...(update === "auto" ? {} : { update }),
    ...(routes.length === 0 ? {} : { routes }),
    ...(Object.keys(health).length === 0 ? {} : { health }),
  };
}

function healthToDefinition(health: HealthSpec): Record<string, unknown> {
  const settles = health.probe.kind === "settle";
  return {
    ...probeToDefinition(health.probe),
    ...(settles ? {} : changed("interval", health.intervalMs, defaultHealth.intervalMs)),
    ...(settles ? {} : changed("timeout", health.timeoutMs, defaultHealth.timeoutMs)),
    ...changed("deadline", health.deadlineMs, defaultHealth.deadlineMs),
    ...(settles ? changed("settle", health.settleMs, defaultHealth.settleMs) : {}),
  };
}

function changed(key: string, durationMs: number, defaultMs: number): Record<string, string> {
  return durationMs === defaultMs ? {} : { [key]: formatDuration(durationMs) };
}

function probeToDefinition(probe: HealthProbe): Record<string, unknown> {
  switch (probe.kind) {
    case "settle":
      return {};
    case "http":
      return { http: probe.path, ...(probe.route === "" ? {} : { route: probe.route }) };
    case "tcp":
      return { tcp: true, ...(probe.route === "" ? {} : { route: probe.route }) };
    case "cmd":
      return { cmd: [...probe.argv] };
  }
}
