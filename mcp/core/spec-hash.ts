import { createHash } from "node:crypto";
import type { ComponentSpec, ServiceSpec } from "./spec.ts";

/** Identifies what a container is made from. Two specifications with equal hashes need no new container:
 * health, update strategy and the public side of routes are left out, since they take effect without one. */
export function containerHash(spec: ComponentSpec): string {
  return hash([
    spec.image,
    spec.network,
    spec.user,
    spec.restart,
    spec.ports,
    spec.volumes,
    spec.cmd,
    spec.env,
    spec.routes.map((route) => route.name),
  ]);
}

/** Identifies everything a service declares but its node, whether it is active, and the order of its
 * components, which only decides who comes first. */
export function serviceHash(spec: ServiceSpec): string {
  const byName = spec.components.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return hash([spec.name, byName.map(componentHash)]);
}

/** Identifies everything a component declares. */
export function componentHash(spec: ComponentSpec): string {
  return hash([
    spec.name,
    containerHash(spec),
    spec.routes.map((route) => [route.name, route.port, route.mode, route.hostname]),
    [spec.health.probe.kind, ...probeFields(spec)],
    [spec.health.intervalMs, spec.health.timeoutMs, spec.health.deadlineMs, spec.health.settleMs],
    spec.update,
  ]);
}

function probeFields({ health: { probe } }: ComponentSpec): unknown[] {
  switch (probe.kind) {
    case "settle":
      return [];
    case "http":
      return [probe.path, probe.route];
    case "tcp":
      return [probe.route];
    case "cmd":
      return [probe.argv];
  }
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
}
