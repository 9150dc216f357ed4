import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import {
  type ComponentSpec as ComponentMessage,
  type HealthSpec as HealthMessage,
  type RouteSpec as RouteMessage,
  type ServiceSpec as ServiceMessage,
  UpdateStrategy as UpdateMessage,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import {
  type ComponentSpec,
  defaultHealth,
  type HealthProbe,
  type HealthSpec,
  type RouteSpec,
  type ServiceSpec,
  type UpdateStrategy,
} from "../spec.ts";
import { defaultRestart } from "./convert.ts";
import { type Path, type Problem, quote } from "./problem.ts";

const updates = new Map<UpdateMessage, UpdateStrategy>([
  [UpdateMessage.UNSPECIFIED, "auto"],
  [UpdateMessage.START_FIRST, "start-first"],
  [UpdateMessage.STOP_FIRST, "stop-first"],
]);

/** The spec that a message stands for, and what in it has no counterpart in a spec. */
export function readService(message: ServiceMessage): { spec: ServiceSpec; problems: Problem[] } {
  const problems: Problem[] = [];
  const components = message.components.map((component, index) =>
    readComponent(component, ["components", index], problems),
  );
  const { name, node, active, reconcile } = message;
  const spec = { name, node, active, ...(reconcile === undefined ? {} : { reconcile }), components };
  return { spec, problems };
}

function readComponent(message: ComponentMessage, path: Path, problems: Problem[]): ComponentSpec {
  const { name, image, network, user, ports, volumes, cmd, env } = message;
  const restart = message.restart === "" ? defaultRestart : message.restart;
  const routes = message.routes.map((route, index) => readRoute(route, [...path, "routes", index], problems));
  const health = message.health === undefined ? defaultHealth : readHealth(message.health);
  const update = updates.get(message.update);
  if (update === undefined) {
    problems.push({ path: [...path, "update"], message: `update strategy ${message.update} is unknown` });
  }
  return {
    name,
    image,
    network,
    user,
    restart,
    ports,
    volumes,
    cmd,
    env,
    routes,
    health,
    update: update ?? "auto",
  };
}

function readRoute(message: RouteMessage, path: Path, problems: Problem[]): RouteSpec {
  const { name, port, mode, hostname } = message;
  if (mode === "l4" || mode === "l7") return { name, port, mode, hostname };
  problems.push({ path: [...path, "mode"], message: `route mode ${quote(mode)} is unknown (l4 or l7)` });
  return { name, port, mode: "l4", hostname };
}

function readHealth(message: HealthMessage): HealthSpec {
  return {
    probe: readProbe(message),
    intervalMs: milliseconds(message.interval, defaultHealth.intervalMs),
    timeoutMs: milliseconds(message.timeout, defaultHealth.timeoutMs),
    deadlineMs: milliseconds(message.deadline, defaultHealth.deadlineMs),
    settleMs: milliseconds(message.settle, defaultHealth.settleMs),
  };
}

function readProbe({ probe }: HealthMessage): HealthProbe {
  switch (probe.case) {
    case "http":
      return { kind: "http", path: probe.value.path, route: probe.value.route };
    case "tcp":
      return { kind: "tcp", route: probe.value.route };
    case "command":
      return { kind: "cmd", argv: probe.value.argv };
    default:
      return { kind: "settle" };
  }
}

function milliseconds(duration: Duration | undefined, otherwise: number): number {
  return duration === undefined ? otherwise : Math.round(durationMs(duration));
}
