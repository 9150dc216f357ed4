import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Announcement } from "@metacircular/mcp-core/alert.ts";
import { alertEnvironment } from "./alert-environment.ts";
import { type CommandEnd, runCommand } from "../processes/run-command.ts";

/** Runs the operator's command for alerts. Disposing it ends the commands that still run. */
export interface AlertCommand extends AsyncDisposable {
  /** Program and arguments; empty: there is none, and nothing is run. */
  readonly argv: readonly string[];
  /** Returns at once. `ended` is told later, once, what went wrong; the empty string: nothing. Where too many
   * alerts wait already this one is dropped. Those of one component run one after the other. */
  run(announcement: Announcement, ended: (problem: string) => void): void;
  /** Runs it now, whatever else runs, and waits for its end. The signal ends it. */
  try(announcement: Announcement, signal: AbortSignal): Promise<CommandEnd>;
}

export interface AlertCommandOptions {
  /** Program and arguments, executed as they are; empty: none. */
  readonly argv: readonly string[];
  readonly node: string;
  readonly logger: Logger;
  /** How long a command may run. Default: 30 s. */
  readonly timeoutMs?: number;
}

interface Waiting {
  readonly announcement: Announcement;
  readonly ended: (problem: string) => void;
}

const mostAtOnce = 4;
const mostWaiting = 256;

export function createAlertCommand(options: AlertCommandOptions): AlertCommand {
  const { argv, node, logger, timeoutMs = 30_000 } = options;
  let waiting: Waiting[] = [];
  /** By component. */
  const running = new Map<string, Promise<void>>();
  const stopped = new AbortController();

  function start(announcement: Announcement, ...signals: AbortSignal[]): Promise<CommandEnd> {
    const deadline = AbortSignal.any([stopped.signal, AbortSignal.timeout(timeoutMs), ...signals]);
    return runCommand(argv, alertEnvironment(announcement, node), deadline);
  }

  async function execute({ announcement, ended }: Waiting): Promise<void> {
    const { problem, output } = await start(announcement).catch((error: unknown) => ({
      problem: messageOf(error),
      output: "",
    }));
    ended(stopped.signal.aborted ? "the agent stopped before the command ended" : problem);
    if (problem === "" || stopped.signal.aborted) return;
    const { service, component, type } = announcement;
    logger.error({ argv, service, component, alert: type, problem, output }, "alert command failed");
  }

  function startNext(): void {
    while (running.size < mostAtOnce && !stopped.signal.aborted) {
      const next = waiting.find(({ announcement }) => !running.has(subjectOf(announcement)));
      if (next === undefined) return;
      waiting = waiting.filter((entry) => entry !== next);
      const subject = subjectOf(next.announcement);
      const done = execute(next).finally(() => {
        running.delete(subject);
        startNext();
      });
      running.set(subject, done);
    }
  }

  return {
    argv,
    run(announcement, ended) {
      if (argv.length === 0) return;
      if (stopped.signal.aborted) return ended("the agent is stopping");
      if (waiting.length >= mostWaiting) {
        const { service, component, type } = announcement;
        const problem = "too many alerts: the command is not run for this one";
        logger.error({ service, component, alert: type }, problem);
        return ended(problem);
      }
      waiting.push({ announcement, ended });
      startNext();
    },
    try: (announcement, signal) => start(announcement, signal),
    async [Symbol.asyncDispose]() {
      stopped.abort();
      for (const { ended } of waiting) ended("the agent stopped before the command was run");
      waiting = [];
      await Promise.all(running.values());
    },
  };
}

function subjectOf({ service, component }: Announcement): string {
  return `${service}/${component}`;
}
