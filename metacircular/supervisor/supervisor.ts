import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { identityOf } from "../processes/process-table.ts";
import { type Lock, takeLock } from "../store/lock.ts";
import { logFile, type StateLayout } from "../store/layout.ts";
import { restUnlessAborted } from "./instance.ts";
import { ProgramKeeper } from "./keeper.ts";
import { rotateLogs } from "./log-rotation.ts";
import type { Program } from "./programs.ts";
import { type ProgramRecord, readRecord, writeRecord } from "./record.ts";

export interface SupervisorOptions {
  readonly layout: StateLayout;
  readonly programs: readonly Program[];
  readonly environment: Readonly<Record<string, string>>;
  /** Renews what would expire; called at intervals. */
  readonly upkeep: () => Promise<void>;
  /** Called when somebody removed the state directory: there is nothing left to supervise. */
  readonly onAbandoned: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

const directoryPollMs = 5_000;
const upkeepMs = 60 * 60 * 1_000;

/** Keeps the programs of one state directory running. There is one per directory at any time. */
export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #lock: Lock;
  readonly #stopping = new AbortController();
  readonly #records: Map<string, ProgramRecord>;
  readonly #keepers: ProgramKeeper[];
  readonly #chores: Promise<void>[];
  #written: Promise<void> = Promise.resolve();

  /** Undefined when the directory has a supervisor already. */
  static async start(options: SupervisorOptions): Promise<Supervisor | undefined> {
    const lock = takeLock(options.layout.supervisorLock);
    if (lock === undefined) return undefined;
    const before = await readRecord(options.layout.record);
    return new Supervisor(options, lock, before?.programs ?? []);
  }

  private constructor(options: SupervisorOptions, lock: Lock, before: readonly ProgramRecord[]) {
    this.#options = options;
    this.#lock = lock;
    this.#records = new Map(before.map((record) => [record.name, record]));
    this.#keepers = options.programs.map((program) => this.#keep(program));
    this.#chores = [
      this.#repeat(directoryPollMs, () => this.#tendDirectory()),
      this.#repeat(upkeepMs, options.upkeep),
    ];
  }

  /** Stops the programs, the last started first, and lets go of the directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    for (const keeper of this.#keepers.toReversed()) await keeper.stop();
    await Promise.all(this.#chores);
    await this.#written;
    await rm(this.#options.layout.record, { force: true });
    this.#lock[Symbol.dispose]();
  }

  #keep(program: Program): ProgramKeeper {
    const { layout, environment, clock, logger } = this.#options;
    return new ProgramKeeper({
      program,
      environment,
      workingDirectory: layout.root,
      logPath: logFile(layout, program.name),
      before: this.#records.get(program.name),
      publish: (record) => this.#publish(record),
      clock,
      logger,
    });
  }

  #publish(record: ProgramRecord): Promise<void> {
    this.#records.set(record.name, record);
    const { layout, logger } = this.#options;
    // Without a record programs are restarted once more than needed; that is no reason to stop them.
    const onError = (error: unknown): void => logger.error({ error }, "could not write the record");
    const own = identityOf(process.pid) ?? { pid: process.pid, startTicks: 0 };
    const content = { ...own, programs: [...this.#records.values()] };
    this.#written = this.#written.then(() => writeRecord(layout.record, content)).catch(onError);
    return this.#written;
  }

  async #tendDirectory(): Promise<void> {
    const { layout, logger, onAbandoned } = this.#options;
    if (existsSync(layout.marker)) return rotateLogs(layout.logs);
    logger.error({ directory: layout.root }, "the state directory is gone, stopping");
    onAbandoned();
  }

  async #repeat(intervalMs: number, chore: () => Promise<void>): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await chore();
      } catch (error) {
        logger.error({ error }, "a chore failed and will be tried again");
      }
      await restUnlessAborted(clock, intervalMs, signal);
    }
  }
}
