/** By service, the attempts that left something pending, and when the next one is due. */
export interface Attempts {
  isDue(service: string, nowMs: number): boolean;
  /** @param delayMs until the next attempt, after so many that failed; undefined: nothing is left */
  count(service: string, nowMs: number, delayMs: ((failed: number) => number) | undefined): void;
  /** Forgets all other services. */
  keep(services: ReadonlySet<string>): void;
}

export function createAttempts(): Attempts {
  const attempts = new Map<string, { readonly failed: number; readonly nextAtMs: number }>();
  return {
    isDue: (service, nowMs) => (attempts.get(service)?.nextAtMs ?? 0) <= nowMs,
    count(service, nowMs, delayMs) {
      const failed = (attempts.get(service)?.failed ?? 0) + 1;
      if (delayMs === undefined) attempts.delete(service);
      else attempts.set(service, { failed, nextAtMs: nowMs + delayMs(failed) });
    },
    keep(services) {
      for (const service of attempts.keys()) if (!services.has(service)) attempts.delete(service);
    },
  };
}
