import type { EdgeSettings } from "@metacircular/mcp-core/edge/edge-input.ts";
import { labels } from "@metacircular/mcp-agent/runtime/runtime.ts";
import { createEdgeMemory, type EdgeMemory, nodeAddress, zone } from "./edge-memory.ts";
import { createEngine, type Engine } from "./engine.ts";

/** A deploy engine with an edge, both in memory. */
export interface EdgeWorld extends AsyncDisposable {
  readonly engine: Engine;
  readonly memory: EdgeMemory;
}

/** Default host name of the engine's service. */
export const hostname = `hello.${zone}`;

export async function anEdgeWorld(settings: Partial<EdgeSettings> = {}): Promise<EdgeWorld> {
  const { promise, resolve } = Promise.withResolvers<EdgeMemory>();
  const engine = await createEngine({
    edge: (now) => {
      const memory = createEdgeMemory(now, settings);
      resolve(memory);
      return memory.edge;
    },
  });
  return { engine, memory: await promise, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
}

/** Host port of a container's first route. */
export function portOf({ runtime }: Engine, name = "hello-web"): number {
  const ports = JSON.parse(runtime.container(name).labels[labels.hostPorts] ?? "{}") as Record<
    string,
    number
  >;
  return Object.values(ports)[0] ?? 0;
}

/** All that a component `web` with one route has at the edge, as `EdgeMemory.shown` shows it. */
export function everything(engine: Engine): string[] {
  return [
    `certificate ${hostname}`,
    `hello A → ${nodeAddress}`,
    `route ${hostname}:443 → 127.0.0.1:${portOf(engine)}`,
  ];
}

/** Kinds of the effects that are pending. */
export function pendingIn({ registry }: Engine): string[] {
  return registry.edge.all().flatMap(({ kind, pending }) => (pending === undefined ? [] : [kind]));
}
