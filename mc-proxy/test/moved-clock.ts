import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";

/** The system's clock, as many milliseconds ahead as the test says. */
export class MovedClock implements Clock {
  aheadMs = 0;

  now(): number {
    return systemClock.now() + this.aheadMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(durationMs, signal);
  }
}
