import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { ownProcesses, terminate } from "../processes/process-table.ts";
import { restartDelayMs, steadyMs } from "./backoff.ts";
import { signatureOf } from "./input-signature.ts";
import { adoptInstance, type Instance, restUnlessAborted, startInstance } from "./instance.ts";
import { isInstance, type Program } from "./programs.ts";
import type { ProgramRecord } from "./record.ts";

export interface KeeperOptions {
  readonly program: Program;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly logPath: string;
  /** What the supervisor before this one recorded. */
  readonly before: ProgramRecord | undefined;
  readonly publish: (record: ProgramRecord) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const inputPollMs = 1_000;

/** Keeps exactly one instance of a program running until it is told to stop. */
export class ProgramKeeper {
  readonly #options: KeeperOptions;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #record: ProgramRecord | undefined;
  #failures = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#record = options.before;
    this.#done = this.#run();
  }

  /** Ends the program and resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { program, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#runOnce();
      } catch (error) {
        logger.error({ program: program.name, error }, "could not keep it running, trying again");
        this.#failures += 1;
      }
      if (this.#failures > 0) await this.#waitBeforeRestart();
    }
  }

  async #runOnce(): Promise<void> {
    const inputs = await signatureOf(this.#options.program.inputs);
    const instance = (await this.#adopt(inputs)) ?? (await this.#start(inputs));
    await this.#watch(instance, inputs);
  }

  /** Takes over the instance that an earlier supervisor left, if it runs on the same inputs. Others end. */
  async #adopt(inputs: string): Promise<Instance | undefined> {
    const { program, clock, logger } = this.#options;
    const record = this.#record;
    let adopted: Instance | undefined;
    for (const each of (await ownProcesses()).filter(({ argv }) => isInstance(program, argv))) {
      const recorded = record?.pid === each.pid && record.startTicks === each.startTicks;
      if (recorded && record.inputs === inputs && adopted === undefined) {
        logger.info({ program: program.name, pid: each.pid }, "took over a running instance");
        adopted = adoptInstance(each, clock);
        await this.#publish(record);
      } else {
        logger.info({ program: program.name, pid: each.pid }, "ending an instance left behind");
        await terminate(each, program.stopTimeoutMs, clock);
      }
    }
    return adopted;
  }

  async #start(inputs: string): Promise<Instance> {
    const { program, environment, workingDirectory, logPath, clock, logger } = this.#options;
    const instance = await startInstance(
      { argv: program.argv, environment, workingDirectory, logPath },
      clock,
    );
    const { pid, startTicks } = instance;
    const restarts = this.#record === undefined ? 0 : this.#record.restarts + 1;
    await this.#publish({ ...this.#record, name: program.name, pid, startTicks, inputs, restarts });
    logger.info({ program: program.name, pid }, "started");
    return instance;
  }

  async #watch(instance: Instance, inputs: string): Promise<void> {
    const { program, clock, logger } = this.#options;
    const { signal } = this.#stopping;
    const sinceMs = clock.now();
    while (instance.ended() === undefined) {
      const changed = (await signatureOf(program.inputs)) !== inputs;
      if (changed || signal.aborted) {
        const why = signal.aborted ? "stopping" : "restarting: its configuration changed";
        logger.info({ program: program.name, pid: instance.pid }, why);
        await terminate(instance, program.stopTimeoutMs, clock);
        this.#failures = 0;
        return;
      }
      await instance.rest(inputPollMs, signal);
    }
    const how = instance.ended() ?? "ended";
    logger.warn({ program: program.name, pid: instance.pid, how }, "ended by itself");
    this.#failures = clock.now() - sinceMs >= steadyMs ? 1 : this.#failures + 1;
    if (this.#record !== undefined) {
      await this.#publish({ ...this.#record, lastEnd: { atMs: clock.now(), how } });
    }
  }

  /** New inputs may mend what made it fail, so they end the wait. */
  async #waitBeforeRestart(): Promise<void> {
    const { program, clock } = this.#options;
    const { signal } = this.#stopping;
    const inputs = await signatureOf(program.inputs);
    const untilMs = clock.now() + restartDelayMs(this.#failures);
    while (clock.now() < untilMs && !signal.aborted && (await signatureOf(program.inputs)) === inputs) {
      await restUnlessAborted(clock, Math.min(inputPollMs, untilMs - clock.now()), signal);
    }
  }

  async #publish(record: ProgramRecord): Promise<void> {
    this.#record = record;
    await this.#options.publish(record);
  }
}
