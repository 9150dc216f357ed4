import assert from "node:assert/strict";
import type { Claim, EdgeInput, EdgeSettings, SeenRoute } from "../edge/edge-input.ts";
import { routeKey } from "../edge/edge-input.ts";
import { wantedRoutes } from "../edge/wanted.ts";
import { type EdgeEffect, effectKey } from "../edge/effect.ts";
import { type Intent, serviceOf } from "../intent.ts";
import type { HostPorts, ObservedContainer, Slot } from "../observed.ts";
import { plan } from "../plan.ts";
import type { RegisteredComponent } from "../registered.ts";
import type { ComponentSpec, ServiceSpec } from "../spec.ts";
import type { Step, StepOf } from "../step.ts";

export type Part = "proxy" | "names" | "authority";

interface Container extends ObservedContainer {
  readonly isHealthy: boolean;
}

/** A node, its registry and its edge as values, on which the steps of one service take effect. It complains of a route
 * that is led to what is not healthy, and of a container that goes while a route that could be moved leads to it. */
export interface SimulatedNode {
  readonly routes: Map<string, SeenRoute>;
  readonly records: Map<string, readonly string[]>;
  readonly certificates: Map<string, { notBeforeMs: number; notAfterMs: number }>;
  readonly effects: Map<string, EdgeEffect>;
  readonly registered: Map<string, RegisteredComponent>;
  readonly down: Set<Part>;
  plan(intent: Intent, resumed?: boolean): Step[];
  execute(step: Step): void;
  containers(component: string): readonly Container[];
}

export const settings: EdgeSettings = {
  zone: "svc.example.net",
  routes: { backendAddress: "127.0.0.1" },
  certificates: { challenge: "dns-01", renewBeforeMs: 0 },
  dns: { nodeAddress: "192.0.2.7" },
};

export function createSimulatedNode(others: readonly Claim[] = []): SimulatedNode {
  const routes = new Map<string, SeenRoute>();
  const records = new Map<string, readonly string[]>();
  const certificates = new Map<string, { notBeforeMs: number; notAfterMs: number }>();
  const effects = new Map<string, EdgeEffect>();
  const registered = new Map<string, RegisteredComponent>();
  const down = new Set<Part>();
  const containers = new Map<string, Container[]>();
  let revisions: ServiceSpec[] = [];
  let nextPort = 10_000;
  let created = 0;

  const of = (component: string) => containers.get(component) ?? [];
  const at = (component: string, slot: Slot) => of(component).find((each) => each.slot === slot);
  const change = (component: string, slot: Slot, fields: Partial<Container>) =>
    void containers.set(
      component,
      of(component).map((each) => (each.slot === slot ? { ...each, ...fields } : each)),
    );

  function input(): EdgeInput {
    return {
      settings,
      nowMs: 0,
      effects: [...effects.values()],
      others,
      routes: down.has("proxy") ? undefined : routes,
      records: down.has("names") ? undefined : records,
      certificates,
    };
  }

  function effect(value: Omit<EdgeEffect, "pending">, part: Part, work: () => void): void {
    const key = effectKey(value);
    if (down.has(part)) {
      const pending = { code: "EDGE_PENDING", reason: "down", sinceMs: 0, attempts: 1 };
      effects.set(key, { ...value, pending });
      return;
    }
    work();
    if (value.wanted) effects.set(key, value);
    else effects.delete(key);
  }

  const base = (component: string, hostname: string) => ({
    service: "shop",
    component,
    hostname,
    port: 0,
    route: "",
    mode: "" as const,
    target: "",
  });

  /** Of the version that the component becomes; one that goes to another component is led there when that is well. */
  function ownRoutes(component: string): (SeenRoute | undefined)[] {
    const spec = revisions[0]?.components.find(({ name }) => name === component);
    const wanted = spec === undefined ? [] : wantedRoutes("shop", spec, settings.zone);
    const pending = new Set(
      [...effects.values()].filter((each) => each.pending !== undefined).map(effectKey),
    );
    return wanted
      .filter((route) => !pending.has(effectKey({ kind: "route", ...route })))
      .map((route) => routes.get(routeKey(route)));
  }

  function register({ component, route, port, hostname, mode, backend }: StepOf<"register-route">): void {
    const isHealthy = of(component).some(
      (each) =>
        each.running &&
        each.isHealthy &&
        Object.values(each.hostPorts).some((hostPort) => backend === `127.0.0.1:${hostPort}`),
    );
    assert.ok(isHealthy, `a route leads to what is not healthy: ${backend}`);
    const value = {
      ...base(component, hostname),
      kind: "route",
      port,
      route,
      mode,
      target: backend,
      wanted: true,
    } as const;
    effect(value, "proxy", () => routes.set(routeKey({ port, hostname }), { mode, backend }));
  }

  function stop(component: string, slot: Slot): void {
    change(component, slot, { running: false, isHealthy: false });
  }

  function execute(step: Step): void {
    const { component } = step;
    switch (step.kind) {
      case "create-container":
        assert.ok(at(component, step.slot) === undefined, `${component} ${step.slot} is there already`);
        containers.set(component, [...of(component), aContainer(step, ++created)]);
        return;
      case "start-container":
        return change(component, step.slot, { running: true, startedAtMs: created });
      case "await-healthy":
        assert.equal(at(component, step.slot)?.running, true, `${component} ${step.slot} does not run`);
        return change(component, step.slot, { isHealthy: true });
      case "stop-container":
        return stop(component, step.slot);
      case "remove-container":
        containers.set(
          component,
          of(component).filter(({ slot }) => slot !== step.slot),
        );
        return;
      case "rename-container":
        assert.ok(at(component, step.to) === undefined, `${component} ${step.to} is there already`);
        return change(component, step.from, { slot: step.to });
      case "record-component":
      case "record-declaration": {
        const hostPorts = at(component, "current")?.hostPorts ?? registered.get(component)?.hostPorts ?? {};
        registered.set(component, { spec: step.spec, desired: step.desired, hostPorts });
        return;
      }
      case "record-desired-state": {
        const known = registered.get(component);
        if (known !== undefined) registered.set(component, { ...known, desired: step.desired });
        return;
      }
      case "forget-component":
        return void registered.delete(component);
      case "forget-service":
        return registered.clear();
      case "register-route":
        return register(step);
      case "remove-route": {
        const { port, hostname } = step;
        const value = { ...base(component, hostname), kind: "route", port, wanted: false } as const;
        return effect(value, "proxy", () => routes.delete(routeKey(step)));
      }
      case "set-dns": {
        const { hostname, address } = step;
        const value = { ...base(component, hostname), kind: "dns", target: address, wanted: true } as const;
        return effect(value, "names", () => records.set(hostname, [address]));
      }
      case "remove-dns": {
        const { hostname, address } = step;
        const value = { ...base(component, hostname), kind: "dns", target: address, wanted: false } as const;
        return effect(value, "names", () => records.delete(hostname));
      }
      case "provision-certificate": {
        const { hostname } = step;
        const value = { ...base(component, hostname), kind: "certificate", wanted: true } as const;
        return effect(value, "authority", () =>
          certificates.set(hostname, { notBeforeMs: 0, notAfterMs: 1_000 }),
        );
      }
      case "remove-certificate": {
        effects.delete(effectKey({ kind: "certificate", port: 0, hostname: step.hostname }));
        certificates.delete(step.hostname);
        return;
      }
      case "drain-backend":
        // Only the proxy that answers was told that the route leads elsewhere.
        if (!down.has("proxy")) assertUnused(step.backend, ownRoutes(component));
        return;
      default:
    }
  }

  return {
    routes,
    records,
    certificates,
    effects,
    registered,
    down,
    execute,
    containers: of,
    plan(intent, resumed = false) {
      if ("spec" in intent) revisions = [intent.spec, ...revisions].slice(0, 5);
      const specs =
        "spec" in intent ? intent.spec.components : [...registered.values()].map(({ spec }) => spec);
      const components = [...registered.values()];
      return plan({
        intent,
        operationId: `operation-${created}`,
        startedAtMs: 0,
        registered:
          components.length === 0 ? undefined : { name: serviceOf(intent), active: true, components },
        observed: containers,
        imageIds: new Map(),
        freshPorts: new Map(specs.map((spec) => [spec.name, freshPorts(spec)])),
        newestRevisionHash: "",
        revisions,
        taken: new Set(),
        resumed,
        edge: input(),
      });
    },
  };

  function freshPorts({ routes: declared }: ComponentSpec): HostPorts {
    return Object.fromEntries(declared.map(({ name }) => [name, (nextPort += 1)]));
  }
}

function aContainer({ slot, specHash, hostPorts }: StepOf<"create-container">, number: number): Container {
  return {
    id: `container-${number}`,
    slot,
    running: false,
    isHealthy: false,
    lost: false,
    specHash,
    imageId: "",
    createdBy: "",
    startedAtMs: 0,
    hostPorts,
  };
}

function assertUnused(backend: string, routes: readonly (SeenRoute | undefined)[]): void {
  assert.ok(
    routes.every((route) => route?.backend !== backend),
    `${backend} is drained while in use`,
  );
}
