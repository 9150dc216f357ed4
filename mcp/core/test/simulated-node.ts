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
import type { Step, StepKind, StepOf } from "../step.ts";

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

/** The operation ends there. */
export class StepFailed extends Error {}

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
    return wanted.map((route) => routes.get(routeKey(route)));
  }

  function register(step: StepOf<"register-route">): void {
    const { component, route, port, hostname, mode, backend, movesFrom } = step;
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
    if (movesFrom !== undefined && down.has("proxy")) {
      const known = effects.get(effectKey(value));
      const pending = { code: "EDGE_PENDING", reason: "down", sinceMs: 0, attempts: 1 };
      if (known !== undefined) effects.set(effectKey(value), { ...known, target: movesFrom, pending });
      throw new StepFailed(`the route cannot be moved from ${movesFrom}`);
    }
    effect(value, "proxy", () => routes.set(routeKey({ port, hostname }), { mode, backend }));
  }

  function record({ component, spec, desired }: StepOf<"record-component" | "record-declaration">): void {
    const hostPorts = at(component, "current")?.hostPorts ?? registered.get(component)?.hostPorts ?? {};
    registered.set(component, { spec, desired, hostPorts });
  }

  const executors: { readonly [Kind in StepKind]?: (step: StepOf<Kind>) => void } = {
    "create-container"(step) {
      const { component, slot } = step;
      assert.ok(at(component, slot) === undefined, `${component} ${slot} is there already`);
      containers.set(component, [...of(component), aContainer(step, (created += 1))]);
    },
    "start-container": ({ component, slot }) =>
      change(component, slot, { running: true, startedAtMs: created }),
    "await-healthy"({ component, slot }) {
      assert.equal(at(component, slot)?.running, true, `${component} ${slot} does not run`);
      change(component, slot, { isHealthy: true });
    },
    "stop-container": ({ component, slot }) => change(component, slot, { running: false, isHealthy: false }),
    "remove-container"({ component, slot }) {
      containers.set(
        component,
        of(component).filter((each) => each.slot !== slot),
      );
    },
    "rename-container"({ component, from, to }) {
      assert.ok(at(component, to) === undefined, `${component} ${to} is there already`);
      change(component, from, { slot: to });
    },
    "record-component": record,
    "record-declaration": record,
    "record-desired-state"({ component, desired }) {
      const known = registered.get(component);
      if (known !== undefined) registered.set(component, { ...known, desired });
    },
    "forget-component": ({ component }) => void registered.delete(component),
    "forget-service": () => registered.clear(),
    "register-route": register,
    "remove-route"({ component, port, hostname }) {
      const value = { ...base(component, hostname), kind: "route", port, wanted: false } as const;
      effect(value, "proxy", () => routes.delete(routeKey({ port, hostname })));
    },
    "set-dns"({ component, hostname, address }) {
      const value = { ...base(component, hostname), kind: "dns", target: address, wanted: true } as const;
      effect(value, "names", () => records.set(hostname, [address]));
    },
    "remove-dns"({ component, hostname, address }) {
      const value = { ...base(component, hostname), kind: "dns", target: address, wanted: false } as const;
      effect(value, "names", () => records.delete(hostname));
    },
    "provision-certificate"({ component, hostname }) {
      const value = { ...base(component, hostname), kind: "certificate", wanted: true } as const;
      const issued = { notBeforeMs: 0, notAfterMs: 1_000 };
      effect(value, "authority", () => certificates.set(hostname, issued));
    },
    "remove-certificate"({ hostname }) {
      effects.delete(effectKey({ kind: "certificate", port: 0, hostname }));
      certificates.delete(hostname);
    },
    "drain-backend"({ component, backend }) {
      assertUnused(backend, ownRoutes(component));
    },
  };

  function execute(step: Step): void {
    (executors[step.kind] as ((step: Step) => void) | undefined)?.(step);
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
