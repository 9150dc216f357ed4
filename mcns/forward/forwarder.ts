import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { MetricFamily } from "@metacircular/mcdsl/metrics/exposition.ts";
import { boundedWarnings, type Warn } from "../bounded-warnings.ts";
import { bareReply, type Reply } from "../answer/reply.ts";
import { responseCodes } from "../wire/code.ts";
import type { Message } from "../wire/message.ts";
import { Health } from "./health.ts";
import { type ForwardQuestion, questionKey } from "./question.ts";
import { ReplyCache, type ReplyCacheSettings } from "./reply-cache.ts";
import type { Upstream } from "./upstream.ts";
import { replyOf } from "./upstream-reply.ts";

/** Answers a question with the help of others; never rejects: where nobody answers, the reply is SERVFAIL. */
export type Forward = (question: ForwardQuestion) => Promise<Reply>;

export interface ForwarderSettings {
  /** For one server to answer. */
  readonly timeoutMs: number;
  /** Different questions on their way at the same time; more are answered SERVFAIL at once. */
  readonly inFlight: number;
  readonly cache: ReplyCacheSettings;
}

/** How often each server is asked before a question is given up. */
const rounds = 2;

/** Passes questions on to upstream servers: the same question once at a time, to one server after the other until one
 * answers. Disposing it closes its connections and ends its waits. */
export class Forwarder implements AsyncDisposable {
  readonly #upstreams: readonly Upstream[];
  readonly #settings: ForwarderSettings;
  readonly #warn: Warn;
  readonly #health: Health<Upstream>;
  readonly #cache: ReplyCache;
  readonly #underway = new Map<string, Promise<Reply>>();
  readonly #over = new AbortController();
  #fromCache = 0;
  #refused = 0;

  constructor(parts: {
    upstreams: readonly Upstream[];
    settings: ForwarderSettings;
    clock: Clock;
    logger: Logger;
  }) {
    const nowMs = (): number => parts.clock.now();
    this.#upstreams = parts.upstreams;
    this.#settings = parts.settings;
    this.#warn = boundedWarnings(parts.logger, parts.clock);
    this.#health = new Health(parts.upstreams, nowMs);
    this.#cache = new ReplyCache(parts.settings.cache, nowMs);
  }

  readonly forward: Forward = (question) => {
    const key = questionKey(question);
    const cached = this.#cache.find(key);
    if (cached !== undefined) {
      this.#fromCache += 1;
      return Promise.resolve(cached);
    }
    const underway = this.#underway.get(key);
    if (underway !== undefined) return underway;
    if (this.#underway.size >= this.#settings.inFlight) {
      this.#refused += 1;
      return Promise.resolve(bareReply(responseCodes.SERVFAIL));
    }
    const reply = this.#ask(question, key).finally(() => this.#underway.delete(key));
    this.#underway.set(key, reply);
    return reply;
  };

  families(): MetricFamily[] {
    const one = (value: number) => [{ labels: {}, value }];
    return [
      {
        name: "mcns_forward_cache_hits_total",
        help: "Questions answered from the cache of the forwarder.",
        type: "counter",
        samples: one(this.#fromCache),
      },
      {
        name: "mcns_forward_refused_total",
        help: "Questions that were not passed on because too many were under way.",
        type: "counter",
        samples: one(this.#refused),
      },
      {
        name: "mcns_forward_cache_entries",
        help: "Replies in the cache of the forwarder.",
        type: "gauge",
        samples: one(this.#cache.size),
      },
      {
        name: "mcns_upstream_failures",
        help: "Failures in a row of each upstream server.",
        type: "gauge",
        samples: this.#health.failures().map(([{ name }, value]) => ({ labels: { upstream: name }, value })),
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Error("the server stops"));
    await Promise.allSettled(this.#underway.values());
    await Promise.all(this.#upstreams.map((upstream) => upstream[Symbol.asyncDispose]()));
  }

  async #ask(question: ForwardQuestion, key: string): Promise<Reply> {
    let last: Reply | undefined;
    for (let round = 0; round < rounds && last === undefined; round++) {
      for (const upstream of this.#health.order()) {
        const reply = await this.#askOne(upstream, question);
        if (this.#over.signal.aborted) return bareReply(responseCodes.SERVFAIL);
        if (reply === undefined) continue;
        last = reply;
        if (!isRefusal(reply)) {
          this.#cache.store(key, reply);
          return reply;
        }
      }
    }
    return this.#cache.findStale(key) ?? last ?? bareReply(responseCodes.SERVFAIL);
  }

  async #askOne(upstream: Upstream, question: ForwardQuestion): Promise<Reply | undefined> {
    const signal = AbortSignal.any([this.#over.signal, AbortSignal.timeout(this.#settings.timeoutMs)]);
    try {
      const message: Message = await upstream.ask(question, signal);
      const reply = replyOf(message);
      this.#health.succeeded(upstream);
      return reply;
    } catch (thrown) {
      if (this.#over.signal.aborted) return undefined;
      this.#health.failed(upstream);
      this.#warn({ upstream: upstream.name, error: messageOf(thrown) }, "an upstream server failed");
      return undefined;
    }
  }
}

/** The server works, but another may know more. */
function isRefusal({ code }: Reply): boolean {
  return code !== responseCodes.NOERROR && code !== responseCodes.NXDOMAIN;
}
