import type { DesiredState } from "../engine/desired-state.ts";
import type { Applied, Drift, Engine, EngineProblem, EngineStats } from "../engine/engine.ts";

/** A data plane in memory, for what the control plane does with one. */
export class FakeEngine implements Engine {
  /** What was applied, in order. */
  readonly applied: DesiredState[] = [];
  /** Thrown by the next applications; undefined: they succeed. */
  failure: Error | undefined;
  problems: EngineProblem[] = [];
  drift: Drift = { repaired: [], count: 0 };
  open = 0;
  /** How often it was asked for the connections to a backend. */
  asked = 0;
  ended: "released" | "stopped" | undefined;
  /** What `apply` waits for. */
  gate: Promise<void> = Promise.resolve();

  get current(): DesiredState | undefined {
    return this.applied.at(-1);
  }

  async apply(desired: DesiredState): Promise<Applied> {
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    this.applied.push(desired);
    return { reloaded: false, changes: 1, problems: this.problems };
  }

  async check(): Promise<Drift> {
    return this.drift;
  }

  async stats(): Promise<EngineStats> {
    return {
      engine: "fake 1",
      running: true,
      pid: 1,
      startedAtMs: 1_000,
      restarts: 0,
      reloads: 0,
      connections: this.open,
      problems: this.problems,
      routes: [],
    };
  }

  async connections(): Promise<number> {
    this.asked += 1;
    return this.open;
  }

  async release(): Promise<void> {
    this.ended = "released";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ended = "stopped";
  }
}
