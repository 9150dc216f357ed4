import type { KnownComponent } from "@metacircular/mcp-core/observe-input.ts";
import type { ComponentObservation } from "@metacircular/mcp-core/observe.ts";
import type { Registry } from "../registry/registry.ts";

/** What the registry does not hold of the latest observations: process numbers, and what was seen of a
 * component before the runtime could no longer be reached. Forgotten when the agent stops. */
export interface LastSeen {
  /** All components, as they were last seen. */
  components(): KnownComponent[];
  remember(observations: readonly ComponentObservation[]): void;
}

type Sight = Pick<KnownComponent, "state" | "startedAtMs" | "pid">;

export function createLastSeen(registry: Registry): LastSeen {
  let sights = new Map<string, Sight>();
  return {
    components() {
      const before = sights;
      sights = new Map();
      return registry.components.all().map(({ service, spec, desired, observed }) => {
        const key = keyOf({ service, component: spec.name });
        const seen = before.get(key);
        if (seen !== undefined) sights.set(key, seen);
        // A component that was never observed is unknown too; what is remembered was another of its name.
        const lost = observed.state === "unknown" && observed.atMs !== 0;
        return {
          service,
          component: spec.name,
          desired,
          image: spec.image,
          ports: spec.ports,
          state: observed.state,
          startedAtMs: observed.startedAtMs,
          pid: 0,
          ...(lost || seen?.state === observed.state ? seen : {}),
        };
      });
    },
    remember(observations) {
      for (const observation of observations) {
        const { state, startedAtMs, pid } = observation;
        if (state !== "unknown") sights.set(keyOf(observation), { state, startedAtMs, pid });
      }
    },
  };
}

function keyOf({ service, component }: { service: string; component: string }): string {
  return `${service}/${component}`;
}
