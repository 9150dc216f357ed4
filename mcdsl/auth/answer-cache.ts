import type { Clock } from "../clock.ts";

/** Answers that are remembered until their own time, the least recently used dropped first. */
export interface AnswerCache<T> {
  get(key: string): T | undefined;
  set(key: string, value: T, expiresAtMs: number): void;
}

export function createAnswerCache<T>(options: { maxEntries: number; clock: Clock }): AnswerCache<T> {
  const entries = new Map<string, { value: T; expiresAtMs: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.expiresAtMs <= options.clock.now()) return undefined;
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, expiresAtMs) {
      entries.delete(key);
      entries.set(key, { value, expiresAtMs });
      const oldest = entries.size > options.maxEntries ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
    },
  };
}
