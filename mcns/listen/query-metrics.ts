import type { MetricFamily } from "@metacircular/mcdsl/metrics/exposition.ts";
import { codeNameOf } from "../wire/code.ts";
import type { Transport } from "./client.ts";

const transports: readonly Transport[] = ["udp", "tcp", "tls"];

/** What became of a packet without a response. */
export const dropReasons = ["malformed", "response", "rate", "overload"] as const;
export type DropReason = (typeof dropReasons)[number];

/** Counts packets and answers; cheap enough for each of them. */
export class QueryMetrics {
  readonly #responses = new Map<Transport, number[]>(transports.map((each) => [each, []]));
  readonly #dropped = new Map<DropReason, number>();
  #cached = 0;
  #truncated = 0;
  #forwarded = 0;

  /** @param response as it is sent */
  response(transport: Transport, response: Uint8Array): void {
    const code = (response[3] ?? 0) & 15;
    const counts = this.#responses.get(transport);
    if (counts !== undefined) counts[code] = (counts[code] ?? 0) + 1;
    if (((response[2] ?? 0) & 0x02) !== 0) this.#truncated += 1;
  }

  /** Of the responses, one that was encoded before. */
  cached(): void {
    this.#cached += 1;
  }

  /** A question went to the upstream servers or their cache. */
  forwarded(): void {
    this.#forwarded += 1;
  }

  dropped(reason: DropReason): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  families(): MetricFamily[] {
    return [
      {
        name: "mcns_responses_total",
        help: "Responses by transport and response code.",
        type: "counter",
        samples: [...this.#responses].flatMap(([transport, counts]) =>
          counts.flatMap((value, code) => [{ labels: { transport, code: codeNameOf(code) }, value }]),
        ),
      },
      {
        name: "mcns_dropped_total",
        help: "Packets that got no response, by reason.",
        type: "counter",
        samples: [...this.#dropped].map(([reason, value]) => ({ labels: { reason }, value })),
      },
      counter(
        "mcns_cached_responses_total",
        "Responses that were encoded for an earlier query.",
        this.#cached,
      ),
      counter(
        "mcns_truncated_responses_total",
        "Responses that tell the client to use TCP.",
        this.#truncated,
      ),
      counter("mcns_forwarded_total", "Questions that were passed on.", this.#forwarded),
    ];
  }
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: "counter", samples: [{ labels: {}, value }] };
}
