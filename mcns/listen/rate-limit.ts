import { isIPv4 } from "node:net";
import type { Networks } from "../forward/networks.ts";

/** Limits what forged queries can make the server send to a victim. */
export interface RateLimitSettings {
  /** Responses by UDP each second to a network: a /24 of IPv4, a /56 of IPv6. 0: no limit. */
  readonly responsesPerSecond: number;
  /** Of the responses beyond the limit, each so-many-th is sent as an empty truncated one, so that a real client
   * comes back by TCP; the others are dropped. 0: all are dropped. */
  readonly slip: number;
  /** Not limited. */
  readonly exempt: Networks;
}

export type Verdict = "send" | "slip" | "drop";

interface Bucket {
  tokens: number;
  filledAtMs: number;
  beyond: number;
}

/** Networks that are watched at the same time; the one seen first is forgotten first. */
const mostNetworks = 20_000;

/** A token bucket for each network, of one second's worth. */
export class RateLimit {
  readonly #settings: RateLimitSettings;
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param nowMs any steady clock */
  constructor(settings: RateLimitSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  /** What to do with a response to this address. */
  judge(address: string): Verdict {
    const { responsesPerSecond: rate, slip } = this.#settings;
    if (rate === 0 || this.#settings.exempt.has(address)) return "send";
    const bucket = this.#bucketOf(networkOf(address), rate);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return "send";
    }
    bucket.beyond += 1;
    return slip > 0 && bucket.beyond % slip === 0 ? "slip" : "drop";
  }

  #bucketOf(network: string, rate: number): Bucket {
    const nowMs = this.#nowMs();
    const bucket = this.#buckets.get(network);
    if (bucket !== undefined) {
      bucket.tokens = Math.min(rate, bucket.tokens + ((nowMs - bucket.filledAtMs) * rate) / 1000);
      bucket.filledAtMs = nowMs;
      return bucket;
    }
    if (this.#buckets.size >= mostNetworks) this.#forgetOldest();
    const fresh = { tokens: rate, filledAtMs: nowMs, beyond: 0 };
    this.#buckets.set(network, fresh);
    return fresh;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

/** The /24 or /56 of an address, as a key. */
export function networkOf(address: string): string {
  if (isIPv4(address)) return address.slice(0, address.lastIndexOf("."));
  const [text = ""] = address.split("%");
  const [head = "", tail] = text.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after].slice(0, 4);
  const last = Number.parseInt(groups[3] ?? "0", 16) & 0xff00;
  return [...groups.slice(0, 3).map((group) => Number.parseInt(group, 16)), last].join(":");
}

/** Whom connections are counted for: an IPv4 address, or the /56 of an IPv6 address, as one client may use all of it. */
export function subscriberOf(address: string): string {
  return isIPv4(address) ? address : networkOf(address);
}
