import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  type HealthSpec as HealthMessage,
  HealthSpecSchema,
  type ServiceSpec as ServiceMessage,
  ServiceSpecSchema,
  UpdateStrategy as UpdateMessage,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { checkService } from "./definition/checks.ts";
import type { Problem } from "./definition/problem.ts";
import { readService } from "./definition/from-message.ts";
import type { HealthSpec, ServiceSpec, UpdateStrategy } from "./spec.ts";

const updates: Record<UpdateStrategy, UpdateMessage> = {
  auto: UpdateMessage.UNSPECIFIED,
  "start-first": UpdateMessage.START_FIRST,
  "stop-first": UpdateMessage.STOP_FIRST,
};

/** The spec as it travels. Nothing is lost: `specFromMessage` gives back an equal one. */
export function specToMessage(spec: ServiceSpec): ServiceMessage {
  return create(ServiceSpecSchema, {
    name: spec.name,
    node: spec.node,
    active: spec.active,
    ...(spec.reconcile === undefined ? {} : { reconcile: spec.reconcile }),
    components: spec.components.map((component) => ({
      name: component.name,
      image: component.image,
      network: component.network,
      user: component.user,
      restart: component.restart,
      ports: [...component.ports],
      volumes: [...component.volumes],
      cmd: [...component.cmd],
      env: [...component.env],
      routes: component.routes.map((route) => ({ ...route })),
      health: healthToMessage(component.health),
      update: updates[component.update],
    })),
  });
}

/** Reads what a client sent, fills in defaults where fields are unset, and applies the same rules as to a
 * definition file. */
export function specFromMessage(
  message: ServiceMessage,
): { readonly spec: ServiceSpec; readonly problems?: undefined } | { readonly problems: readonly Problem[] } {
  const { spec, problems } = readService(message);
  const all = [...problems, ...checkService(spec)];
  return all.length === 0 ? { spec } : { problems: all };
}

function healthToMessage(health: HealthSpec): HealthMessage {
  return create(HealthSpecSchema, {
    probe: probeToMessage(health),
    interval: durationFromMs(health.intervalMs),
    timeout: durationFromMs(health.timeoutMs),
    deadline: durationFromMs(health.deadlineMs),
    settle: durationFromMs(health.settleMs),
  });
}

function probeToMessage({ probe }: HealthSpec) {
  switch (probe.kind) {
    case "settle":
      return { case: undefined };
    case "http":
      return { case: "http" as const, value: { path: probe.path, route: probe.route } };
    case "tcp":
      return { case: "tcp" as const, value: { route: probe.route } };
    case "cmd":
      return { case: "command" as const, value: { argv: [...probe.argv] } };
  }
}
