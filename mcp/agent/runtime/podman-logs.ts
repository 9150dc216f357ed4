import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { access, constants } from "node:fs/promises";
import { inspectCall, logsCall } from "./podman-calls.ts";
import type { PodmanClient } from "./podman-client.ts";
import { podmanError } from "./podman-errors.ts";
import { decodeFrames } from "./podman-frames.ts";
import { type LogOptions, readLogFile } from "./podman-log-file.ts";
import { addApiFrame, LogAssembler } from "./podman-log-line.ts";
import type { InspectedContainer } from "./podman-output.ts";
import type { LogEntry } from "./runtime.ts";

const lookAgainMs = 1_000;

/** A container's log, oldest first: from its file where we may read it, else from podman's API. */
export async function* readLogs(
  client: PodmanClient,
  id: string,
  options: LogOptions,
  clock: Clock,
  signal?: AbortSignal,
): AsyncGenerator<LogEntry, void> {
  const { status, text } = await client.read(inspectCall(id), signal);
  if (status === 404) {
    throw podmanError({ attempted: "read the log of container", subject: id, message: "no such container" });
  }
  const ended = client.untilClosed(signal);
  const log = (JSON.parse(text) as InspectedContainer).HostConfig?.LogConfig;
  const path = log?.Type === "k8s-file" ? (log.Path ?? "") : "";
  // Before its first start a container has no log file.
  if (path !== "" && (await isReadable(path))) yield* readLogFile(path, options, clock, ended);
  else yield* readApiLogs(client, id, options, clock, ended);
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

/** Podman's own stream. Its times are whole seconds, and it ends with the container's process: to follow, it
 * is asked again from the next second on while the container exists. */
export async function* readApiLogs(
  client: PodmanClient,
  id: string,
  options: LogOptions,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void> {
  let query = firstQuery(options);
  let lastMs = options.sinceMs ?? 0;
  for (;;) {
    try {
      for await (const entry of readOnce(client, id, query, signal)) {
        lastMs = Math.max(lastMs, entry.timestampMs);
        if (entry.timestampMs >= Math.floor((options.sinceMs ?? 0) / 1000) * 1000) yield entry;
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
    if (!options.follow || !(await isThereLater(client, id, clock, signal))) return;
    query = { follow: true, ...(lastMs === 0 ? {} : { since: Math.floor(lastMs / 1000) + 1 }) };
  }
}

function firstQuery({ follow, tail, sinceMs }: LogOptions): Record<string, string | number | boolean> {
  return {
    follow,
    ...(tail === undefined ? {} : { tail }),
    ...(sinceMs === undefined ? {} : { since: Math.floor(sinceMs / 1000) }),
  };
}

async function* readOnce(
  client: PodmanClient,
  id: string,
  query: Record<string, string | number | boolean>,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void> {
  const assembler = new LogAssembler();
  await using stream = await client.stream(logsCall(id, query), signal);
  const end = (): void => void stream.destroy();
  signal.addEventListener("abort", end, { once: true });
  try {
    for await (const { stream: name, content } of decodeFrames(stream)) {
      const entry = addApiFrame(assembler, name, content);
      if (entry !== undefined) yield entry;
    }
    yield* assembler.flush();
  } finally {
    signal.removeEventListener("abort", end);
  }
}

async function isThereLater(
  client: PodmanClient,
  id: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  await clock.sleep(lookAgainMs, signal).catch(() => undefined);
  if (signal.aborted) return false;
  return (await client.read(inspectCall(id), signal)).status !== 404;
}
