import { containerName, nextSuffix, previousSuffix } from "./names.ts";
import type { Slot } from "./observed.ts";
import type { HealthSpec } from "./spec.ts";
import type { Step, StepKind, StepOf } from "./step.ts";

/** The one sentence for a step: used by plans, progress, journal, log and errors. Imperative, lower case. */
export function describeStep(service: string, step: Step): string {
  // The journal may hold kinds that only another version of the agent knows.
  const describe = sentences[step.kind] as ((step: Step, service: string) => string) | undefined;
  return describe === undefined ? step.kind : describe(step, service);
}

/** Name of the container that a component has in a slot. */
export function slotName(service: string, component: string, slot: Slot): string {
  const suffix = { current: "", next: nextSuffix, previous: previousSuffix }[slot];
  return `${containerName(service, component)}${suffix}`;
}

const sentences: { [Kind in StepKind]: (step: StepOf<Kind>, service: string) => string } = {
  "check-disk": () => "check free disk space",
  "create-service-directory": (_, service) => `create the data directory of ${service}`,
  "check-container-name": ({ component }, service) =>
    `check that ${containerName(service, component)} is free as a container name`,
  "check-network": ({ network }) => `check network ${network}`,
  "check-volumes": ({ volumes }) => `check the sources of ${count(volumes.length, "volume")}`,
  "check-ports": ({ ports }) => `check that ${count(ports.length, "port")} can be used`,
  "pull-image": ({ image, refresh }) =>
    refresh === true ? `pull image ${image} anew` : `make sure image ${image} is here`,
  "create-container": ({ component, slot, spec, image }, service) =>
    `create container ${slotName(service, component, slot)} from ${spec.image}${image === undefined ? "" : " as it ran before"}`,
  "start-container": ({ component, slot }, service) => `start ${slotName(service, component, slot)}`,
  "await-healthy": ({ component, slot, health }, service) =>
    `wait until ${slotName(service, component, slot)} ${condition(health)}`,
  "stop-container": ({ component, slot }, service) => `stop ${slotName(service, component, slot)}`,
  "rename-container": ({ component, from, to }, service) =>
    `rename ${slotName(service, component, from)} to ${slotName(service, component, to)}`,
  "check-stopped": ({ component }, service) => `check that ${service}/${component} does not run`,
  "remove-container": ({ component, slot }, service) => `remove ${slotName(service, component, slot)}`,
  "record-component": ({ component }, service) => `record what ${service}/${component} now is`,
  "record-desired-state": ({ component, desired }, service) =>
    `record that ${service}/${component} should be ${desired}`,
  "record-declaration": ({ component }, service) => `record what is declared of ${service}/${component}`,
  "record-adoption": ({ component, spec }, service) =>
    `record that the container of ${service}/${component}, of ${spec.image}, is managed from now on`,
  "forget-component": ({ component }, service) => `remove ${service}/${component} from the registry`,
  "record-service": ({ active }, service) => `record that ${service} is ${active ? "active" : "inactive"}`,
  "forget-service": (_, service) => `remove ${service} from the registry`,
  "record-revision": (_, service) => `store a revision of ${service}`,
  "check-routes": ({ routes }) => `check that ${count(routes.length, "route")} can be served`,
  "provision-certificate": ({ hostname }) => `get a certificate for ${hostname}`,
  "register-route": ({ port, hostname, backend }) => `route ${hostname}:${port} to ${backend}`,
  "remove-route": ({ port, hostname }) => `remove the route ${hostname}:${port}`,
  "drain-backend": ({ backend }) => `wait until nothing is connected to ${backend}`,
  "set-dns": ({ hostname, address }) => `let ${hostname} resolve to ${address}`,
  "remove-dns": ({ hostname }) => `remove the DNS record of ${hostname}`,
  "remove-certificate": ({ hostname }) => `remove the certificate of ${hostname}`,
};

function condition({ probe, settleMs }: HealthSpec): string {
  switch (probe.kind) {
    case "settle":
      return settleMs === 0 ? "runs" : `has run for ${settleMs / 1000} s`;
    case "http":
      return `answers GET ${probe.path}`;
    case "tcp":
      return "accepts connections";
    case "cmd":
      return "passes its health command";
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
