import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { alertEnvironment } from "./alert-environment.ts";
import type { Alert } from "./alert-rules.ts";

/** Runs the operator's command for alerts. Disposing it ends the commands that still run. */
export interface AlertCommand extends AsyncDisposable {
  /** Returns at once. Where too many wait already the alert is dropped, and the log says so. */
  run(alert: Alert): void;
}

export interface AlertCommandOptions {
  /** Program and arguments, executed as they are; empty: none. */
  readonly argv: readonly string[];
  readonly node: string;
  readonly logger: Logger;
  /** How long a command may run. Default: 30 s. */
  readonly timeoutMs?: number;
}

const mostAtOnce = 4;
const mostWaiting = 256;
const outputLimit = 4_096;
/** Between asking a command to end and killing it. */
const graceMs = 2_000;

export function createAlertCommand(options: AlertCommandOptions): AlertCommand {
  const { argv, node, logger, timeoutMs = 30_000 } = options;
  const [program, ...args] = argv;
  const waiting: Alert[] = [];
  const running = new Set<Promise<void>>();
  const stopped = new AbortController();

  async function execute(program: string, alert: Alert): Promise<void> {
    const child = spawn(program, args, {
      env: alertEnvironment(alert, node),
      cwd: "/",
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own, so that what it starts ends with it.
      detached: true,
    });
    const output = collectOutput([child.stdout, child.stderr]);
    const problem = await outcomeOf(child, AbortSignal.any([stopped.signal, AbortSignal.timeout(timeoutMs)]));
    if (problem === "" || stopped.signal.aborted) return;
    const { service, component, type } = alert;
    logger.error(
      { argv, service, component, alert: type, problem, output: output() },
      "alert command failed",
    );
  }

  function startNext(): void {
    if (program === undefined || running.size >= mostAtOnce || stopped.signal.aborted) return;
    const alert = waiting.shift();
    if (alert === undefined) return;
    const done = execute(program, alert)
      .catch((error: unknown) => logger.error({ argv, error: messageOf(error) }, "alert command failed"))
      .finally(() => {
        running.delete(done);
        startNext();
      });
    running.add(done);
  }

  return {
    run(alert) {
      if (program === undefined) return;
      if (waiting.length >= mostWaiting) {
        const { service, component, type } = alert;
        logger.error(
          { service, component, alert: type },
          "too many alerts: the command is not run for this one",
        );
        return;
      }
      waiting.push(alert);
      startNext();
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      waiting.length = 0;
      await Promise.all(running);
    },
  };
}

/** Waits for the end of the command and returns what went wrong, or the empty string. */
async function outcomeOf(child: ChildProcess, deadline: AbortSignal): Promise<string> {
  const end = () => void endGroup(child);
  deadline.addEventListener("abort", end, { once: true });
  if (deadline.aborted) end();
  try {
    // Rejects where the program cannot be started.
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    if (deadline.aborted) return "it took too long and was ended";
    if (signal !== null) return `ended by ${signal}`;
    return code === 0 ? "" : `exit code ${code}`;
  } finally {
    deadline.removeEventListener("abort", end);
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  const closed = once(child, "close").catch(() => undefined);
  signalGroup(child, "SIGTERM");
  const killed = setTimeout(() => {
    signalGroup(child, "SIGKILL");
    // Whatever left the group must not keep us waiting for its output.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, graceMs);
  await closed;
  clearTimeout(killed);
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}

/** Reads everything and keeps the end. */
function collectOutput(streams: readonly Readable[]): () => string {
  let kept = "";
  const keep = (text: string) => {
    kept = (kept + text).slice(-outputLimit);
  };
  for (const stream of streams) stream.setEncoding("utf8").on("data", keep);
  return () => kept;
}
