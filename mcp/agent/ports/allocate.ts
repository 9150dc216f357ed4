import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { isRoutePortFree } from "./port-problem.ts";

/** Range of the host ports that are given to routes. */
export const firstPort = 10_000;
export const lastPort = 60_000;

const attempts = 200;

/** Host ports for routes: random, so that a port is not reused soon, free on the node, and promised to
 * nobody else while the caller holds the promise. */
export interface PortAllocator {
  /** One port per key. `taken` are ports that belong to somebody although nothing listens on them now. */
  allocate(keys: readonly string[], taken: ReadonlySet<number>): Promise<PortPromise>;
}

export interface PortPromise extends Disposable {
  readonly ports: Readonly<Record<string, number>>;
}

export function createPortAllocator(random: () => number): PortAllocator {
  const promised = new Set<number>();
  async function pick(taken: ReadonlySet<number>): Promise<number> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const port = firstPort + Math.floor(random() * (lastPort - firstPort + 1));
      if (taken.has(port) || promised.has(port)) continue;
      promised.add(port);
      if (await isRoutePortFree(port)) return port;
      promised.delete(port);
    }
    throw new DetailedError({
      code: "NO_FREE_PORT",
      category: "resource-exhausted",
      attempted: "find a free port",
      subject: `in ${firstPort}-${lastPort}`,
      found: `none after ${attempts} attempts`,
      remedy: "see what listens on the node with: ss -lnt",
    });
  }
  return {
    async allocate(keys, taken) {
      const ports: Record<string, number> = {};
      try {
        for (const key of keys) ports[key] = await pick(taken);
      } catch (error) {
        for (const port of Object.values(ports)) promised.delete(port);
        throw error;
      }
      return {
        ports,
        [Symbol.dispose]() {
          for (const port of Object.values(ports)) promised.delete(port);
        },
      };
    },
  };
}
