import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type ErrorDetail, ErrorDetailSchema } from "@metacircular/proto/gen/mcdsl/v1/error_pb.ts";
import { databaseWriteFailure } from "../database/write-failure.ts";
import { DetailedError } from "../errors.ts";
import { connectionFailure, isTlsCode } from "../http/connection-failure.ts";
import { systemCodeOf } from "../system-code.ts";
import { categoryOf, codeOf, statusName } from "./codes.ts";

/** What a caller is told about an error that was not foreseen. */
const internalError = {
  code: "INTERNAL",
  attempted: "do what was asked",
  found: "an internal error",
  remedy: "look into the service's log",
};

/** What a service answers when `error` ended a call. Facts travel as an `mcdsl.v1.ErrorDetail`; what a full disk does to a
 * database becomes DATABASE_WRITE_FAILED, and what was not foreseen INTERNAL without its message, which may tell too
 * much. The error stays as the cause. */
export function toConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof DetailedError) return withDetail(codeOf(error.category), error.message, error);
  if (error instanceof Error && error.name === "AbortError") {
    return new ConnectError("the call was cancelled", Code.Canceled, undefined, undefined, error);
  }
  const failure = databaseWriteFailure(error);
  if (failure !== undefined) return toConnectError(failure);
  return withDetail(Code.Internal, new DetailedError(internalError).message, error);
}

function withDetail(code: Code, message: string, error: unknown): ConnectError {
  const detail = { desc: ErrorDetailSchema, value: toErrorDetail(error) };
  return new ConnectError(message, code, undefined, [detail], error);
}

/** The facts of an error as a message. Of an error that was not foreseen it says only that. */
export function toErrorDetail(error: unknown): ErrorDetail {
  const facts = error instanceof DetailedError ? error : new DetailedError(internalError);
  const { code, attempted, subject, found, remedy } = facts;
  return create(ErrorDetailSchema, {
    code,
    attempted,
    subject,
    found,
    remedy,
    facts: { ...facts.facts },
    output: [...facts.output],
  });
}

/** What a client makes of a failed call: the service's own facts where it sent them; NODE_UNREACHABLE,
 * NODE_TLS_FAILED (both category unavailable), DEADLINE_EXCEEDED or CANCELLED where the call did not get
 * through; else the status.
 * @param subject what was called, e.g. the node's name */
export function fromConnectError(error: unknown, subject = "the service"): DetailedError {
  if (error instanceof DetailedError) return error;
  const cause = detailedCauseOf(error);
  if (cause !== undefined) return cause;
  if (!(error instanceof ConnectError)) {
    const details = { code: "INTERNAL", attempted: "call", subject, found: "an internal error" };
    return new DetailedError({ ...details, cause: error });
  }
  const [detail] = error.findDetails(ErrorDetailSchema);
  if (detail !== undefined) return fromErrorDetail(detail, categoryOf(error.code), error);
  return isTransportFailure(error) ? transportFailure(subject, error) : fromStatus(subject, error);
}

/** The error that a message describes. */
export function fromErrorDetail(
  detail: ErrorDetail,
  category: DetailedError["category"],
  cause?: unknown,
): DetailedError {
  const { code, attempted, subject, found, remedy, facts, output } = detail;
  return new DetailedError({ code, category, attempted, subject, found, remedy, facts, output, cause });
}

function detailedCauseOf(error: unknown): DetailedError | undefined {
  for (let depth = 0, current = error; depth < 8 && current instanceof Error; depth += 1) {
    if (current instanceof DetailedError) return current;
    current = current.cause;
  }
  return undefined;
}

/** Not sent by the service: the connection could not be made, or broke. */
function isTransportFailure(error: ConnectError): boolean {
  if (error.isWireError) return false;
  const bySystem = [Code.Internal, Code.Aborted, Code.Unknown].includes(error.code);
  if (error.code === Code.Unavailable || (bySystem && systemCodeOf(error) !== "")) return true;
  // What we break off ourselves has our reason as its cause; a stream that is reset under us has none.
  return error.code === Code.Canceled && /stream closed with/.test(error.rawMessage);
}

function transportFailure(subject: string, error: ConnectError): DetailedError {
  const { found, remedy } = connectionFailure(subject, error);
  const code = isTlsCode(systemCodeOf(error)) ? "NODE_TLS_FAILED" : "NODE_UNREACHABLE";
  const details = { code, category: "unavailable", attempted: "connect to" } as const;
  return new DetailedError({ ...details, subject, found, remedy, cause: error });
}

function fromStatus(subject: string, error: ConnectError): DetailedError {
  return new DetailedError({
    code: statusName(error.code),
    category: categoryOf(error.code),
    attempted: "call",
    subject,
    ...explanationOf(error),
    cause: error,
  });
}

function explanationOf(error: ConnectError): { found: string; remedy?: string } {
  switch (error.code) {
    case Code.DeadlineExceeded:
      return { found: "no answer in time", remedy: "try again, or allow more time" };
    case Code.Canceled:
      return { found: "the call was cancelled" };
    case Code.Unimplemented:
      return { found: "it does not offer this call", remedy: "upgrade the service there" };
    default:
      return { found: error.rawMessage === "" ? statusName(error.code) : error.rawMessage };
  }
}
