import type { PendingEffect } from "../outcome.ts";

/** What the agent sets outside of its node's containers. */
export type EffectKind = "certificate" | "route" | "dns";

/** A certificate, route or record that the agent has set for a component, is to set, or is to take away. */
export interface EdgeEffect {
  readonly kind: EffectKind;
  /** Public port of a route; 0 for the other kinds. */
  readonly port: number;
  readonly hostname: string;
  readonly service: string;
  readonly component: string;
  /** Name of the route whose host port the backend has; empty also for the other kinds. */
  readonly route: string;
  /** Of a route; empty for the other kinds. */
  readonly mode: "l4" | "l7" | "";
  /** Backend of a route, address of a name; empty for a certificate. */
  readonly target: string;
  /** False: it is to be taken away. */
  readonly wanted: boolean;
  /** Why it is not there, or not gone, yet; undefined: it is as it should be, as far as is known. */
  readonly pending?: Pending | undefined;
}

/** An effect on a host name as a whole: its certificate, or its record, which leads to `target`. */
export function hostnameEffect(
  effect: Pick<EdgeEffect, "hostname" | "service" | "component" | "target" | "wanted"> & {
    readonly kind: "certificate" | "dns";
  },
): EdgeEffect {
  return { ...effect, port: 0, route: "", mode: "" };
}

export interface Pending {
  readonly code: string;
  readonly reason: string;
  readonly sinceMs: number;
  /** Attempts that failed since then. */
  readonly attempts: number;
}

/** One effect of a kind for a port and a host name, whoever wants it. */
export type EffectKey = Pick<EdgeEffect, "kind" | "port" | "hostname">;

export function effectKey({ kind, port, hostname }: EffectKey): string {
  return `${kind} ${port} ${hostname}`;
}

/** A noun phrase for people, e.g. `route hello.example.net:443`. */
export function describeEffect({ kind, port, hostname, wanted }: EffectKey & { wanted: boolean }): string {
  const what = {
    certificate: `certificate of ${hostname}`,
    route: `route ${hostname}:${port}`,
    dns: `DNS record of ${hostname}`,
  }[kind];
  return wanted ? what : `removal of the ${what}`;
}

/** Of these, what is not as it should be. */
export function pendingEffects(effects: readonly EdgeEffect[]): PendingEffect[] {
  return effects.flatMap((effect) => {
    if (effect.pending === undefined) return [];
    const { code, reason, sinceMs } = effect.pending;
    return [{ effect: describeEffect(effect), code, reason, sinceMs }];
  });
}
