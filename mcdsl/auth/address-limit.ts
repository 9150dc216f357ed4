import { isIPv6 } from "node:net";
import type { Clock } from "../clock.ts";

export interface AddressPolicy {
  /** Failed attempts that one address may make within a window. */
  readonly maxFailures: number;
  readonly windowMs: number;
}

interface Window {
  readonly startedAtMs: number;
  failures: number;
}

const MAX_ADDRESSES = 10_000;

/**
 * Failed attempts per source address in fixed windows. In memory, bounded, forgotten by a restart:
 * the lock per account is the one that persists.
 */
export class AddressLimit {
  readonly #windows = new Map<string, Window>();
  readonly #policy: AddressPolicy;
  readonly #clock: Pick<Clock, "now">;

  constructor(policy: AddressPolicy, clock: Pick<Clock, "now">) {
    this.#policy = policy;
    this.#clock = clock;
  }

  /** Milliseconds until this address may try again; 0 when it may now. */
  blockedForMs(address: string): number {
    const window = this.#current(sourceOf(address));
    if (window === undefined || window.failures < this.#policy.maxFailures) return 0;
    return window.startedAtMs + this.#policy.windowMs - this.#clock.now();
  }

  recordFailure(address: string): void {
    const source = sourceOf(address);
    const window = this.#current(source) ?? { startedAtMs: this.#clock.now(), failures: 0 };
    window.failures += 1;
    this.#windows.delete(source);
    this.#windows.set(source, window);
    const oldest = this.#windows.keys().next();
    if (this.#windows.size > MAX_ADDRESSES && oldest.done !== true) this.#windows.delete(oldest.value);
  }

  /** Takes one failure back, where attempts are counted before they are known to fail. */
  forgive(address: string): void {
    const window = this.#current(sourceOf(address));
    if (window !== undefined && window.failures > 0) window.failures -= 1;
  }

  #current(source: string): Window | undefined {
    const window = this.#windows.get(source);
    if (window === undefined) return undefined;
    if (this.#clock.now() - window.startedAtMs < this.#policy.windowMs) return window;
    this.#windows.delete(source);
    return undefined;
  }
}

/** One subscriber has a whole /64 of IPv6 addresses, so those count as one source. */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(address)) return address;
  return `${expandedGroups(address).slice(0, 4).join(":")}::/64`;
}

function expandedGroups(address: string): string[] {
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...after];
  return groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""));
}
