import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../access/access.ts";
import type { Audit, AuditEntry } from "../audit/audit.ts";
import type { RegistryMetrics } from "../metrics/registry-metrics.ts";
import type { Endpoint } from "./endpoints.ts";
import type { Note } from "./exchange.ts";
import { isForeseen } from "./failure.ts";
import type { Route } from "./route.ts";

/** What became of a request, so far. */
export interface Served {
  readonly startedAtMs: number;
  caller: Caller | undefined;
  endpoint: Endpoint | undefined;
  note: Note;
  failure: unknown;
  receivedBytes: number;
  sentBytes: number;
  /** The answer could not be sent to its end, by no fault of the client. */
  brokeOff: boolean;
}

export function newServed(startedAtMs: number): Served {
  return {
    startedAtMs,
    caller: undefined,
    endpoint: undefined,
    note: {},
    failure: undefined,
    receivedBytes: 0,
    sentBytes: 0,
    brokeOff: false,
  };
}

export interface Reporting {
  readonly metrics: RegistryMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly audit: Audit;
}

/** Into metrics, log and audit. */
export function report(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route | undefined,
  served: Served,
  { metrics, logger, clock, audit }: Reporting,
): void {
  const { failure, caller, receivedBytes, sentBytes, brokeOff } = served;
  const isCut = !brokeOff && isCutShort(response, sentBytes);
  const ended = {
    route: route?.kind ?? "unknown",
    method: methodOf(request),
    status: statusOf(response, { isCut, brokeOff }),
    durationMs: clock.now() - served.startedAtMs,
  };
  metrics.requestEnded(ended);
  if (receivedBytes > 0) metrics.bytesReceived(receivedBytes);
  if (sentBytes > 0) metrics.bytesSent(sentBytes);
  const errorCode = failure === undefined ? undefined : codeOf(failure);
  const { remoteAddress: peer = "" } = request.socket;
  const line = { ...ended, repository: repositoryOf(route), caller: caller?.name ?? "", errorCode };
  logger.info({ ...line, receivedBytes, sentBytes, peer }, "request");
  if (failure !== undefined && !isForeseen(failure) && !isCut)
    logger.error({ ...line, error: failure }, "request failed unexpectedly");
  const entry = auditEntry(served, route, peer);
  if (entry !== undefined) audit.record(entry);
}

function isCutShort(response: ServerResponse, sentBytes: number): boolean {
  return response.destroyed && !response.writableFinished && sentBytes < expectedBytes(response);
}

/** What was sent as a success may have ended otherwise. */
function statusOf(response: ServerResponse, how: { isCut: boolean; brokeOff: boolean }): number {
  if (how.isCut) return 499;
  return how.brokeOff ? 500 : response.statusCode;
}

/** A client that has all may close the connection before Node has noticed that all is sent. */
function expectedBytes(response: ServerResponse): number {
  const length = Number(response.getHeader("content-length"));
  return length > 0 ? length : 1;
}

const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** For metrics: clients make up others. */
function methodOf({ method = "" }: IncomingMessage): string {
  return knownMethods.has(method) ? method : "other";
}

/** Undefined: it does not belong there. Being asked to log in first is part of every pull and push. */
function auditEntry(served: Served, route: Route | undefined, address: string): AuditEntry | undefined {
  const { endpoint, failure, note, caller } = served;
  const category = failure instanceof DetailedError ? failure.category : undefined;
  if (endpoint === undefined || caller === undefined || category === "unauthenticated") return undefined;
  const isDenied = category === "permission-denied";
  const kind = note.action ?? (isDenied ? endpoint.auditDenied : endpoint.audit);
  if (kind === undefined) return undefined;
  const reference = note.reference ?? referenceOf(route);
  // The endpoint is the same; also of what was refused it is told which it was.
  const action = kind === "delete-tag" && reference.includes(":") ? "delete-manifest" : kind;
  const failed = isDenied ? "denied" : "failed";
  return {
    action,
    outcome: failure === undefined ? "ok" : failed,
    caller,
    address,
    repository: repositoryOf(route),
    reference: reference.slice(0, 200),
    digest: note.digest ?? "",
    detail: failure === undefined ? (note.detail ?? "") : codeOf(failure),
  };
}

function codeOf(failure: unknown): string {
  return failure instanceof DetailedError ? failure.code : "INTERNAL";
}

function repositoryOf(route: Route | undefined): string {
  return route !== undefined && "repository" in route ? route.repository.slice(0, 255) : "";
}

function referenceOf(route: Route | undefined): string {
  if (route === undefined) return "";
  if ("reference" in route) return route.reference;
  return "digest" in route ? route.digest : "";
}
