import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Paths } from "../paths.ts";
import { haproxyEnvironment, type HaproxyProgram } from "./program.ts";
import { runtimeSocket } from "../runtime-socket.ts";
import { type HaproxyProcess, infoOf } from "./haproxy-process.ts";
import { identityOf, isAlive } from "./identity.ts";

const startTimeoutMs = 30_000;
const pollMs = 5;
const longestHandOverMs = 1_000;
const largestLogBytes = 1024 * 1024;
const shownLines = 12;

export interface StartOptions {
  readonly program: HaproxyProgram;
  readonly paths: Paths;
  readonly generation: number;
  readonly fingerprint: string;
  /** It hands its listening sockets over, and stops when the new process is there. */
  readonly previous?: HaproxyProcess;
  readonly clock: Clock;
}

/** Starts HAProxy with the files of its directory, and resolves when it serves. It outlives us: a proxy that ends with
 * whoever manages it would take every connection along.
 * @throws DetailedError HAPROXY_START_FAILED; then the previous process goes on */
export async function startHaproxy(options: StartOptions): Promise<HaproxyProcess> {
  const { paths, generation, fingerprint, clock } = options;
  await using log = await openLog(paths.log);
  const logBegin = (await log.stat()).size;
  const child = spawn(options.program.path, argumentsOf(options), {
    // Sockets are named by their names in it.
    cwd: paths.directory,
    env: haproxyEnvironment(),
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  const ended = endOfChild(child);
  child.unref();
  const socket = runtimeSocket(paths.adminSocket(generation));
  const hasEnded = new AbortController();
  void ended.then(() => hasEnded.abort());
  const deadlineMs = performance.now() + startTimeoutMs;
  for (;;) {
    if (hasEnded.signal.aborted) {
      const { previous, ...alone } = options;
      // It has died before it could hand over.
      if (previous !== undefined && !(await isAlive(previous.identity))) return await startHaproxy(alone);
      throw startFailed(options, await linesSince(paths.log, logBegin));
    }
    const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
    const info = await infoOf(socket);
    if (identity !== undefined && info?.pid === identity.pid) {
      if (options.previous !== undefined) await stoppedAccepting(options.previous, clock);
      // The process before has closed it, or is gone.
      await rm(paths.adminSocket(generation - 1), { force: true });
      const { version } = info;
      return { identity, generation, socket, version, startedAtMs: clock.now(), fingerprint, ended };
    }
    if (performance.now() > deadlineMs) {
      child.kill("SIGKILL");
      await ended;
      throw startFailed(options, [`it did not serve within ${startTimeoutMs} ms`]);
    }
    await clock.sleep(pollMs);
  }
}

/** Until then some new connections would still be treated as before. It closes its admin socket with all others it listens
 * on. One that hangs is not waited for. */
async function stoppedAccepting({ socket }: HaproxyProcess, clock: Clock): Promise<void> {
  const deadlineMs = performance.now() + longestHandOverMs;
  while (performance.now() < deadlineMs && (await infoOf(socket)) !== undefined) await clock.sleep(pollMs);
}

/** `-db`: in the foreground, as one process; `-x` and `-sf`: take over the sockets of the process before, and end it. */
export function argumentsOf({ paths, previous }: Pick<StartOptions, "paths" | "previous">): string[] {
  const takeOver =
    previous === undefined
      ? []
      : ["-x", paths.adminSocketName(previous.generation), "-sf", String(previous.identity.pid)];
  return ["-db", "-f", paths.configuration, ...takeOver];
}

/** Resolves as well when the program could not be started. */
async function endOfChild(child: ChildProcess): Promise<void> {
  try {
    await once(child, "exit");
  } catch {
    // There was no process.
  }
}

/** HAProxy prints little but at its start; what is too long by then begins anew. */
async function openLog(path: string): Promise<FileHandle> {
  const bytes = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  return open(path, bytes > largestLogBytes ? "w" : "a", 0o600);
}

async function linesSince(path: string, begin: number): Promise<string[]> {
  await using handle = await open(path, "r");
  const { size } = await handle.stat();
  const buffer = Buffer.alloc(Math.min(size - begin, largestLogBytes));
  await handle.read(buffer, 0, buffer.length, begin);
  const lines = buffer.toString("utf8").split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("[NOTICE]")).slice(-shownLines);
}

function startFailed({ paths, program }: StartOptions, output: readonly string[]): DetailedError {
  const addressTaken = output.find((line) => /cannot bind socket/i.test(line));
  const alert = output.find((line) => line.startsWith("[ALERT]"));
  return new DetailedError({
    code: "HAPROXY_START_FAILED",
    category: "failed-precondition",
    attempted: "start",
    subject: program.path,
    found: addressTaken ?? alert ?? output.at(-1) ?? "it ended without a word",
    remedy:
      addressTaken !== undefined
        ? "see with `ss -lntp` what uses the address, or whether mc-proxy may use ports below 1024"
        : `read ${paths.log}`,
    output,
  });
}
