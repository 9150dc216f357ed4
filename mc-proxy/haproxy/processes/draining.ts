import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { connectionsOfProcess } from "./connections-of-process.ts";
import { stopProcess } from "./haproxy-process.ts";
import { isAlive, type ProcessIdentity } from "./identity.ts";

/** Processes that a reload has replaced, and that still serve the connections they had. They cannot be asked any more:
 * their admin sockets close when they stop listening. */
export class DrainingProcesses {
  readonly #clock: Clock;
  #processes: readonly ProcessIdentity[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(identity: ProcessIdentity): void {
    this.#processes = [...this.#processes, identity];
  }

  /** What they have open to a backend; here idle connections count too, for the few seconds that they are kept. */
  async connections(backend: HostAndPort): Promise<number> {
    const counts: number[] = [];
    for (const identity of await this.#alive())
      counts.push(await connectionsOfProcess(identity.pid, backend));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async stop(graceMs: number): Promise<void> {
    await Promise.all(this.#processes.map((identity) => stopProcess(identity, graceMs, this.#clock)));
    this.#processes = [];
  }

  async #alive(): Promise<readonly ProcessIdentity[]> {
    const alive: ProcessIdentity[] = [];
    for (const identity of this.#processes) if (await isAlive(identity)) alive.push(identity);
    this.#processes = alive;
    return alive;
  }
}
