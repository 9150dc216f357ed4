import { ConnectError } from "@connectrpc/connect";
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Identity } from "../auth/identity.ts";
import type { Clock } from "../clock.ts";
import { DetailedError } from "../errors.ts";
import type { Logger } from "../log/logger.ts";
import { statusName } from "./codes.ts";

/** What is known of a call while it runs. */
export interface Call {
  /** The path, e.g. `/mcp.v1.McpAgent/Deploy`. */
  readonly method: string;
  /** `address:port` of the other side. */
  readonly peer: string;
  readonly startedAtMs: number;
  /** Its deadline as the caller sent it, milliseconds from the start. */
  readonly timeoutMs: number;
  identity?: Identity;
  /** What ended it, if it failed in our code. */
  failure?: unknown;
}

/** How a call ended. */
export interface CallEnd {
  /** The path; empty where there is no such method. */
  readonly method: string;
  /** The name of a gRPC status, or `HTTP_` and a status where it was no gRPC call. */
  readonly outcome: string;
  readonly durationMs: number;
}

/** Logs a call that has ended: one line at info with method, caller, outcome, duration and peer, and for an error that
 * was not foreseen another at error with its causes. */
export function logCall(logger: Logger, call: Call, { outcome, durationMs }: Omit<CallEnd, "method">): void {
  const { method, peer, failure } = call;
  const caller = call.identity?.name ?? "";
  const errorCode = failure instanceof DetailedError ? failure.code : undefined;
  logger.info({ method, caller, outcome, errorCode, durationMs, peer }, "rpc");
  if (isUnforeseen(failure)) logger.error({ method, caller, error: failure }, "rpc failed unexpectedly");
}

/** Logs the call when its stream has closed, however it ended.
 * @param onEnd is told as well */
export function auditOnClose(
  stream: ServerHttp2Stream,
  call: Call,
  { logger, clock }: { logger: Logger; clock: Clock },
  onEnd: (ended: Omit<CallEnd, "method">) => void,
): void {
  stream.once("close", () => {
    const durationMs = clock.now() - call.startedAtMs;
    const ended = { outcome: outcomeOf(stream, call, durationMs), durationMs };
    onEnd(ended);
    logCall(logger, call, ended);
  });
}

function isUnforeseen(failure: unknown): boolean {
  if (failure === undefined || failure instanceof ConnectError) return false;
  return !(failure instanceof DetailedError) || failure.category === "internal";
}

/** A caller whose deadline passes resets the call as if it cancelled it, and its clock started before ours. */
const deadlineSlackMs = 50;

/** The status that was sent, or why none was. */
function outcomeOf(stream: ServerHttp2Stream, call: Call, durationMs: number): string {
  const status = headerOf(stream.sentTrailers, "grpc-status") ?? headerOf(stream.sentHeaders, "grpc-status");
  if (status !== undefined) return statusName(Number(status));
  if (durationMs >= call.timeoutMs - deadlineSlackMs) return "DEADLINE_EXCEEDED";
  const httpStatus = headerOf(stream.sentHeaders, ":status");
  if (httpStatus !== undefined && httpStatus !== "200") return `HTTP_${httpStatus}`;
  return stream.rstCode === constants.NGHTTP2_CANCEL || stream.aborted ? "CANCELLED" : "UNKNOWN";
}

/** Until something was sent there are no headers, whatever the types say. */
function headerOf(headers: OutgoingHttpHeaders | undefined, name: string): string | undefined {
  const value = headers?.[name];
  return value === undefined ? undefined : String(value);
}

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Milliseconds of a `grpc-timeout` header; infinite without one or with one that is malformed. */
export function parseGrpcTimeout(header: string | string[] | undefined): number {
  const match = typeof header === "string" ? /^(\d{1,8})([HMSmun])$/.exec(header) : null;
  return match === null ? Infinity : Number(match[1]) * (unitMs[match[2] ?? ""] ?? Infinity);
}
