import type { AgentEvent } from "./agent-event.ts";

/** What a subscriber receives: an event, or how many it missed because it read too slowly. */
export type Delivery = AgentEvent | { readonly type: "lost"; readonly count: number };

/** Hands every event to every subscriber. Publishing never waits: a subscriber that falls behind loses the
 * newest events and is told how many. */
export interface EventBus {
  publish(event: AgentEvent): void;
  /** Subscribes at once; the iteration ends when the signal aborts. At most `queueLimit` events wait. */
  subscribe(signal: AbortSignal): AsyncIterable<Delivery>;
}

const queueLimit = 1_000;

export function createEventBus(): EventBus {
  const subscribers = new Set<Subscription>();
  return {
    publish(event) {
      for (const subscriber of subscribers) subscriber.offer(event);
    },
    subscribe(signal) {
      const subscription = new Subscription();
      if (!signal.aborted) {
        subscribers.add(subscription);
        signal.addEventListener(
          "abort",
          () => {
            subscribers.delete(subscription);
            subscription.wake();
          },
          { once: true },
        );
      }
      return subscription.deliveries(signal);
    },
  };
}

class Subscription {
  #queue: AgentEvent[] = [];
  #lost = 0;
  #wake: () => void = () => undefined;

  offer(event: AgentEvent): void {
    if (this.#queue.length < queueLimit) this.#queue.push(event);
    else this.#lost += 1;
    this.#wake();
  }

  wake(): void {
    this.#wake();
  }

  /** Resolves when there is something to deliver or nothing more will come. */
  #arrival(signal: AbortSignal): Promise<void> {
    if (this.#queue.length > 0 || this.#lost > 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async *deliveries(signal: AbortSignal): AsyncGenerator<Delivery> {
    while (!signal.aborted) {
      const batch = this.#queue;
      const count = this.#lost;
      this.#queue = [];
      this.#lost = 0;
      yield* batch;
      if (count > 0) yield { type: "lost", count };
      await this.#arrival(signal);
    }
  }
}
