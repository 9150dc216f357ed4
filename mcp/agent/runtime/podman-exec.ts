import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { execCreateCall, execInspectCall, execStartCall } from "./podman-calls.ts";
import type { PodmanClient } from "./podman-client.ts";
import { endSession } from "./podman-exec-session.ts";
import { decodeFrames } from "./podman-frames.ts";
import type { Environment } from "./podman-process.ts";
import type { ExecResult } from "./runtime.ts";

const maxOutputBytes = 64 * 1024;

export interface ExecContext {
  readonly client: PodmanClient;
  readonly environment: Environment;
  readonly logger: Logger;
}

/** Runs a command in a running container. At the time limit or an abort its process is killed. A command that
 * does not exist ends with exit code 127 and says so in its output.
 * @throws DetailedError EXEC_TIMED_OUT, CONTAINER_NOT_RUNNING, CONTAINER_NOT_FOUND */
export async function runCommand(
  { client, environment, logger }: ExecContext,
  id: string,
  argv: readonly string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ExecResult> {
  signal?.throwIfAborted();
  const { text } = await client.change(execCreateCall(id, argv));
  const session = (JSON.parse(text) as { readonly Id: string }).Id;
  try {
    return await runSession(client, id, session, argv, timeoutMs, signal);
  } finally {
    await endSession(environment, id, session).catch((thrown: unknown) => {
      logger.debug({ container: id, session, error: messageOf(thrown) }, "a command's session stays a while");
    });
  }
}

async function runSession(
  client: PodmanClient,
  id: string,
  session: string,
  argv: readonly string[],
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<ExecResult> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const limit = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const output = new BoundedOutput();
  try {
    await using stream = await client.stream(execStartCall(id, session), limit);
    const end = (): void => void stream.destroy(new Error("the command was given up"));
    limit.addEventListener("abort", end, { once: true });
    limit.throwIfAborted();
    for await (const frame of decodeFrames(stream)) output.add(frame.content);
  } catch (thrown) {
    if (!limit.aborted) throw thrown;
    await kill(client, id, session);
    signal?.throwIfAborted();
    throw timedOut(id, argv, timeoutMs, output, thrown);
  }
  const ended = await client.readJson<{ readonly ExitCode: number }>(execInspectCall(id, session), signal);
  return { exitCode: ended.ExitCode, output: output.text };
}

/** Podman has no call for this, and its own process would go on in the container. */
async function kill(client: PodmanClient, id: string, session: string): Promise<void> {
  const { Pid: pid } = await client.readJson<{ readonly Pid: number }>(execInspectCall(id, session));
  // 0 would be our own process group.
  if (pid <= 1) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch (thrown) {
    // It ended by itself, or it belongs to a user of a rootless container whom we may not signal.
    const code = systemCodeOf(thrown);
    if (code !== "ESRCH" && code !== "EPERM") throw thrown;
  }
}

function timedOut(
  id: string,
  argv: readonly string[],
  timeoutMs: number,
  output: BoundedOutput,
  cause: unknown,
): DetailedError {
  return new DetailedError({
    code: "EXEC_TIMED_OUT",
    category: "deadline-exceeded",
    attempted: "run a command in container",
    subject: id,
    found: `${argv[0] ?? ""} did not end within ${timeoutMs} ms`,
    output: output.text.split("\n").filter(Boolean).slice(-10),
    cause,
  });
}

/** Keeps the first bytes and drops the rest. */
class BoundedOutput {
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;

  add(chunk: Buffer): void {
    const room = maxOutputBytes - this.#sizeBytes;
    if (room <= 0) return;
    this.#chunks.push(chunk.subarray(0, room));
    this.#sizeBytes += Math.min(chunk.length, room);
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
