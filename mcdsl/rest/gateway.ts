import {
  Code,
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextValues,
} from "@connectrpc/connect";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Admit } from "../auth/admission.ts";
import type { Identity } from "../auth/identity.ts";
import type { Clock } from "../clock.ts";
import { formatHostAndPort } from "../config/host-and-port.ts";
import { databaseWriteFailure } from "../database/write-failure.ts";
import { DetailedError } from "../errors.ts";
import { type Call, type CallEnd, logCall } from "../grpc/audit.ts";
import { identityKey } from "../grpc/caller.ts";
import { fromConnectError, toConnectError } from "../grpc/errors.ts";
import { callKey, translateErrors } from "../grpc/handler-errors.ts";
import type { Logger } from "../log/logger.ts";
import { sendFailure, sendJson } from "./answer.ts";
import { readJsonBody } from "./body.ts";
import type { MethodRule, RestForm } from "./method-rules.ts";
import { compareTemplates, matchPath } from "./path-template.ts";
import { requestMessage } from "./request.ts";

export interface RestGatewayOptions {
  readonly rules: ReadonlyMap<string, MethodRule>;
  readonly routes: (router: ConnectRouter) => void;
  readonly admit: Admit;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Of a request's body. Default 4 MiB. */
  readonly maxBodyBytes?: number;
  /** Aborted when the server begins to stop. */
  readonly stopping: AbortSignal;
  readonly onCallEnd?: ((ended: CallEnd) => void) | undefined;
}

/** Answers a request; false: it is for something else, and nothing was done. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

type RestRule = MethodRule & { readonly rest: RestForm };

/** Serves the REST forms of RPCs (`mcdsl.v1.http`) by the implementations of those RPCs, so that both are the same.
 * JSON is that of protocol buffers with the names of the description. Every call is admitted and in the log, as by
 * gRPC. */
export function createRestGateway(options: RestGatewayOptions): HttpHandler {
  const { clock, admit, logger, onCallEnd, maxBodyBytes = 4 * 1024 * 1024 } = options;
  const rules = [...options.rules.values()]
    .filter((rule): rule is RestRule => rule.rest !== undefined)
    .toSorted((a, b) => compareTemplates(a.rest.template, b.rest.template));
  const call = createCaller(options);

  async function serve(rule: RestRule, found: Found, known: Call): Promise<JsonValue> {
    const { request, fields, query, signal } = found;
    const identified = (identity: Identity): void => void (known.identity = identity);
    await admit(rule.path, request.headers.authorization, identified, signal);
    const body = await readJsonBody(request, maxBodyBytes);
    return call(rule, requestMessage(rule, { pathFields: fields, query, body }), known, signal);
  }

  return async (request, response) => {
    const url = targetOf(request);
    if (url === undefined) return false;
    const matching = rules.flatMap((rule) => {
      const fields = matchPath(rule.rest.template, url.pathname);
      return fields === undefined ? [] : [{ rule, fields }];
    });
    if (matching.length === 0) return false;
    const match = matching.find(({ rule }) => rule.rest.verb === request.method);
    if (match === undefined) {
      const allow = [...new Set(matching.map(({ rule }) => rule.rest.verb))].join(", ");
      response.writeHead(405, { allow }).end();
      return true;
    }
    const known: Call = {
      method: match.rule.path,
      peer: peerOf(request),
      startedAtMs: clock.now(),
      timeoutMs: Infinity,
    };
    const closed = new AbortController();
    response.once("close", () => {
      closed.abort();
      const ended = { outcome: outcomeOf(response), durationMs: clock.now() - known.startedAtMs };
      onCallEnd?.({ ...ended, method: known.method });
      logCall(logger, known, ended);
    });
    try {
      const found = { request, fields: match.fields, query: url.searchParams, signal: closed.signal };
      sendJson(response, 200, await serve(match.rule, found, known));
    } catch (thrown) {
      known.failure ??= thrown;
      if (!response.headersSent)
        sendFailure(response, fromConnectError(toConnectError(thrown)), statusOf(thrown));
    }
    // Who still sends a refused body must be seen to hang up.
    request.resume();
    return true;
  };
}

/** Undefined where it is no path. What begins with two slashes names no other host here: it is a path that nothing is
 * at. */
function targetOf({ url = "" }: IncomingMessage): URL | undefined {
  return (url.startsWith("/") ? URL.parse(`https://localhost${url}`) : URL.parse(url)) ?? undefined;
}

interface Found {
  readonly request: IncomingMessage;
  readonly fields: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

type Caller = (rule: RestRule, message: JsonObject, call: Call, signal: AbortSignal) => Promise<JsonValue>;

/** Calls the implementation of an RPC in this process with a message in JSON. */
function createCaller({ routes, stopping }: RestGatewayOptions): Caller {
  const router = createConnectRouter({
    grpc: false,
    grpcWeb: false,
    connect: true,
    interceptors: [translateErrors(stopping)],
    jsonOptions: { useProtoFieldName: true, alwaysEmitImplicit: true, ignoreUnknownFields: false },
  });
  routes(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return async (rule, message, call, signal) => {
    const handler = handlers.get(rule.path);
    if (handler === undefined) throw new ConnectError("there is no such method", Code.Unimplemented);
    const answer = await handler({
      httpVersion: "1.1",
      method: "POST",
      url: `https://localhost${rule.path}`,
      header: new Headers({ "content-type": "application/json" }),
      body: message,
      signal,
      contextValues: createContextValues().set(identityKey, call.identity).set(callKey, call),
    });
    const text = await textOf(answer.body);
    if (answer.status === 200) return JSON.parse(text) as JsonValue;
    throw call.failure instanceof Error ? call.failure : refusedBefore(text);
  };
}

/** The library refused the message before the implementation saw it. */
function refusedBefore(text: string): DetailedError {
  const { message } = JSON.parse(text) as { message?: string };
  return new DetailedError({
    code: "REQUEST_INVALID",
    category: "invalid-argument",
    attempted: "read the request",
    found: message ?? "it cannot be understood",
    remedy: "correct the request; the API's description names the fields",
  });
}

async function textOf(body: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof ConnectError && thrown.code === Code.Unimplemented) return 501;
  // 429 would say that the caller asks too often.
  if (databaseWriteFailure(thrown) !== undefined) return 503;
  return thrown instanceof DetailedError && thrown.code === "REQUEST_TOO_LARGE" ? 413 : undefined;
}

function peerOf({ socket: { remoteAddress: host = "", remotePort: port = 0 } }: IncomingMessage): string {
  return formatHostAndPort({ host, port });
}

function outcomeOf(response: ServerResponse): string {
  return response.writableFinished ? `HTTP_${response.statusCode}` : "CANCELLED";
}
