import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { unlessAborted } from "@metacircular/mcdsl/unless-aborted.ts";
import type { DesiredState } from "../engine/desired-state.ts";
import type { Applied, Drift, Engine, EngineStats } from "../engine/engine.ts";
import { changesBetween, describeDrift, type RuntimeState, sizeOf } from "./changes.ts";
import { prepareDirectory, writeFiles } from "./files.ts";
import { NewestOnly } from "./newest-only.ts";
import { connectionsOf, routeNumbers } from "./numbers.ts";
import { type Paths, pathsBelow } from "./paths.ts";
import { adoptHaproxy } from "./processes/adopt.ts";
import { DrainingProcesses } from "./processes/draining.ts";
import { type HaproxyProcess, infoOf, killProcess, stopProcess } from "./processes/haproxy-process.ts";
import { isAlive } from "./processes/identity.ts";
import { findHaproxy, type HaproxyProgram } from "./processes/program.ts";
import { startHaproxy } from "./processes/start.ts";
import { RestartPace } from "./restart-pace.ts";
import { parseSessions } from "./runtime-output.ts";
import { makeChanges, readRuntime } from "./runtime.ts";
import { type Wanted, wantedOf } from "./wanted.ts";

export interface HaproxyOptions {
  /** Ours alone; made when it is missing. Sockets and private keys are in it. Its path has at most 400 bytes. */
  readonly directory: string;
  /** Path or name of the program; default `haproxy`. */
  readonly program?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Opens the data plane in a directory, and takes over an HAProxy that still serves from it. Without one, none is started
 * before the first `apply`. One of another version than is installed is replaced then, without losing a request: whoever
 * upgrades wants the new one to run.
 * @throws DetailedError HAPROXY_MISSING, HAPROXY_TOO_OLD, PROXY_DIRECTORY_UNUSABLE */
export async function openHaproxyEngine(options: HaproxyOptions): Promise<Engine> {
  const program = await findHaproxy(options.program ?? "haproxy");
  const paths = pathsBelow(options.directory);
  await prepareDirectory(paths);
  const released = new AbortController();
  const running = await adoptHaproxy(paths, program, options.clock, released.signal);
  return new HaproxyEngine({ ...options, program, paths, released }, running);
}

interface Context {
  readonly program: HaproxyProgram;
  readonly paths: Paths;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when nothing is to be watched any more. */
  readonly released: AbortController;
}

class HaproxyEngine implements Engine {
  readonly #context: Context;
  readonly #turns: NewestOnly<DesiredState, Applied>;
  readonly #draining: DrainingProcesses;
  readonly #pace: RestartPace;
  #wanted: Wanted | undefined;
  #running: HaproxyProcess | undefined;
  /** What the running process holds; undefined: it has to be asked. */
  #loaded: RuntimeState | undefined;
  /** What a process has been started with last. */
  #started: Wanted | undefined;
  #generation: number;
  #restarts = 0;
  #reloads = 0;

  constructor(context: Context, running: HaproxyProcess | undefined) {
    this.#context = context;
    this.#turns = new NewestOnly((desired) => this.#apply(desired));
    this.#draining = new DrainingProcesses(context.clock);
    this.#pace = new RestartPace();
    this.#generation = running?.generation ?? 0;
    if (running !== undefined) {
      const { pid } = running.identity;
      context.logger.info(
        { pid, generation: running.generation },
        "took over the HAProxy that was left running",
      );
      this.#watch(running);
    }
  }

  async apply(desired: DesiredState, signal?: AbortSignal): Promise<Applied> {
    signal?.throwIfAborted();
    return unlessAborted(this.#turns.submit(desired), signal);
  }

  async check(signal?: AbortSignal): Promise<Drift> {
    signal?.throwIfAborted();
    return unlessAborted(
      this.#turns.alone(() => this.#check()),
      signal,
    );
  }

  async stats(): Promise<EngineStats> {
    const { program } = this.#context;
    const running = this.#running;
    const [table = "", stat = ""] = await this.#ask(running, ["show table routes", "show stat -1 1 -1"]);
    return {
      engine: `haproxy ${running?.version ?? program.version}`,
      running: running !== undefined,
      ...(running === undefined ? {} : { pid: running.identity.pid, startedAtMs: running.startedAtMs }),
      restarts: this.#restarts,
      reloads: this.#reloads,
      connections: parseSessions(stat, (frontend) => /^(port|http)-/.test(frontend)),
      problems: this.#wanted?.problems ?? [],
      routes: routeNumbers(table),
    };
  }

  async connections(backend: HostAndPort): Promise<number> {
    const [table = ""] = await this.#ask(this.#running, ["show table routes data.conn_cur gt 0"]);
    return connectionsOf(table, backend) + (await this.#draining.connections(backend));
  }

  async release(): Promise<void> {
    await this.#turns.alone(async () => {
      this.#context.released.abort();
      this.#running = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turns.alone(async () => {
      if (this.#context.released.signal.aborted) return;
      this.#context.released.abort();
      const running = this.#running;
      this.#running = undefined;
      const graceMs = this.#wanted?.stopTimeoutMs ?? 0;
      await Promise.all([
        running === undefined ? undefined : stopProcess(running.identity, graceMs, this.#context.clock),
        this.#draining.stop(graceMs),
      ]);
    });
  }

  async #apply(desired: DesiredState): Promise<Applied> {
    const { paths, released } = this.#context;
    released.signal.throwIfAborted();
    const wanted = wantedOf(desired, paths, this.#wanted);
    this.#wanted = wanted;
    return { ...(await this.#converge(wanted)), problems: wanted.problems };
  }

  async #converge(wanted: Wanted): Promise<{ reloaded: boolean; changes: number }> {
    const running = this.#running;
    if (running?.fingerprint === wanted.files.fingerprint) {
      try {
        return { reloaded: false, changes: await this.#change(running, wanted) };
      } catch (thrown) {
        this.#context.logger.warn(
          { error: thrown },
          "changes at run time failed; HAProxy reads its configuration anew",
        );
      }
    }
    await this.#start(wanted);
    return { reloaded: true, changes: 0 };
  }

  /** @returns how many entries and certificates were changed */
  async #change(running: HaproxyProcess, wanted: Wanted): Promise<number> {
    const { paths } = this.#context;
    const loaded = this.#loaded ?? (await readRuntime(running.socket, paths, wanted.maps.keys()));
    const changes = changesBetween(loaded, wanted);
    // Half-way through, nobody knows what it holds.
    this.#loaded = undefined;
    await makeChanges(running.socket, paths, changes);
    this.#loaded = wanted;
    return changes.reduce((sum, change) => sum + sizeOf(change), 0);
  }

  async #check(): Promise<Drift> {
    const { clock, logger, paths } = this.#context;
    const wanted = this.#wanted;
    if (wanted === undefined) return { repaired: [], count: 0 };
    const running = this.#running;
    if (running !== undefined && (await infoOf(running.socket))?.pid !== running.identity.pid) {
      logger.error({ pid: running.identity.pid }, "HAProxy does not answer; it is ended and started again");
      this.#running = undefined;
      this.#restarts += 1;
      await killProcess(running.identity, clock);
    }
    if (this.#running === undefined) {
      await this.#start(wanted);
      return { repaired: ["HAProxy did not serve"], count: 1 };
    }
    this.#loaded = await readRuntime(this.#running.socket, paths, wanted.maps.keys());
    const changes = changesBetween(this.#loaded, wanted);
    await this.#converge(wanted);
    const count = changes.reduce((sum, change) => sum + sizeOf(change), 0);
    return { repaired: changes.slice(0, 100).map((change) => describeDrift(change)), count };
  }

  /** Starts HAProxy, or a second one that takes over from the first. */
  async #start(wanted: Wanted): Promise<void> {
    const { program, paths, clock, logger } = this.#context;
    const previous = await this.#handingOver();
    const generation = this.#generation + 1;
    await writeFiles(paths, wanted.files, wanted, generation);
    const { fingerprint } = wanted.files;
    const started = await startHaproxy({
      program,
      paths,
      generation,
      fingerprint,
      clock,
      ...(previous === undefined ? {} : { previous }),
    });
    this.#generation = generation;
    this.#started = wanted;
    this.#loaded = wanted;
    if (previous !== undefined) {
      this.#reloads += 1;
      this.#draining.add(previous.identity);
    }
    logger.info(
      { pid: started.identity.pid, generation, reloaded: previous !== undefined },
      "HAProxy serves",
    );
    this.#watch(started);
  }

  /** Where the newest state cannot be started, as with a port that somebody else has taken, what can be had is the
   * configuration that ran last, with the newest routes and certificates. */
  async #startAgain(wanted: Wanted): Promise<void> {
    try {
      await this.#start(wanted);
    } catch (thrown) {
      const ran = this.#started;
      if (ran === undefined || ran.files.fingerprint === wanted.files.fingerprint) throw thrown;
      this.#context.logger.error(
        { error: thrown },
        "HAProxy does not start as desired; it starts as it ran last",
      );
      const maps = new Map([...wanted.maps].filter(([name]) => ran.maps.has(name)));
      await this.#start({ ...ran, maps, certificates: wanted.certificates });
    }
  }

  /** The process that a new one can take over from: it has to live for that. */
  async #handingOver(): Promise<HaproxyProcess | undefined> {
    const running = this.#running;
    return running !== undefined && (await isAlive(running.identity)) ? running : undefined;
  }

  #watch(running: HaproxyProcess): void {
    this.#running = running;
    this.#pace.started();
    void running.ended.then(() => {
      if (this.#running === running) void this.#revive();
    });
  }

  /** HAProxy has ended by itself. */
  async #revive(): Promise<void> {
    const { clock, logger, released } = this.#context;
    logger.error({ pid: this.#running?.identity.pid }, "HAProxy has ended by itself; it is started again");
    this.#running = undefined;
    this.#loaded = undefined;
    this.#restarts += 1;
    do {
      try {
        await clock.sleep(this.#pace.nextDelayMs(), released.signal);
      } catch {
        return;
      }
    } while (!(await this.#servesAgain()));
  }

  /** Whether nothing has to be tried again. */
  async #servesAgain(): Promise<boolean> {
    const { logger, released } = this.#context;
    try {
      await this.#turns.alone(async () => {
        if (this.#wanted === undefined || this.#running !== undefined || released.signal.aborted) return;
        await this.#startAgain(this.#wanted);
      });
      return true;
    } catch (thrown) {
      logger.error({ error: thrown }, "HAProxy cannot be started");
      return false;
    }
  }

  async #ask(running: HaproxyProcess | undefined, commands: readonly string[]): Promise<string[]> {
    if (running === undefined) return [];
    try {
      return await Promise.all(commands.map((command) => running.socket.execute(command)));
    } catch (thrown) {
      this.#context.logger.warn({ error: messageOf(thrown) }, "HAProxy does not say its numbers");
      return [];
    }
  }
}
