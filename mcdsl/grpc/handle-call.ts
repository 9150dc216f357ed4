import {
  Code,
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextValues,
} from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Admit } from "../auth/admission.ts";
import type { Identity } from "../auth/identity.ts";
import type { Clock } from "../clock.ts";
import { formatHostAndPort } from "../config/host-and-port.ts";
import type { Logger } from "../log/logger.ts";
import { auditOnClose, type Call, type CallEnd, parseGrpcTimeout } from "./audit.ts";
import { identityKey } from "./caller.ts";
import { toConnectError } from "./errors.ts";
import { callKey, serverStopping, translateErrors } from "./handler-errors.ts";
import { endAfterAnswer, refuse, refuseHttp } from "./refuse.ts";

export interface CallHandlerOptions {
  readonly routes: (router: ConnectRouter) => void;
  readonly admit: Admit;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly maxMessageBytes: number;
  readonly onCallEnd?: (ended: CallEnd) => void;
  /** Aborted when the server begins to stop: no new calls, streams end. */
  readonly stopping: AbortSignal;
  /** Aborted when the calls in progress have had their time. */
  readonly stopped: AbortSignal;
}

const maxMethodCharacters = 200;

/** Serves calls at the level of HTTP/2 requests, where every one of them is seen: admits and audits
 * it, and only then lets the RPC library read it. */
export function createCallHandler(
  options: CallHandlerOptions,
): (request: Http2ServerRequest, response: Http2ServerResponse) => void {
  const router = createConnectRouter({
    grpc: true,
    grpcWeb: false,
    connect: false,
    acceptCompression: [compressionGzip, compressionBrotli],
    readMaxBytes: options.maxMessageBytes,
    interceptors: [translateErrors(options.stopping)],
    shutdownSignal: options.stopped,
  });
  options.routes(router);
  const implementations = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  async function serve(
    call: Call,
    request: Http2ServerRequest,
    response: Http2ServerResponse,
  ): Promise<void> {
    await admit(call, request, options.admit);
    if (options.stopping.aborted) throw serverStopping();
    const implementation = implementations.get(call.method);
    if (implementation === undefined) throw new ConnectError("there is no such method", Code.Unimplemented);
    const values = createContextValues().set(identityKey, call.identity).set(callKey, call);
    const answer = await implementation(
      universalRequestFromNodeRequest(request, response, undefined, values),
    );
    await universalResponseToNodeResponse(answer, response);
  }

  return (request, response) => {
    const call = callOf(request, options.clock);
    const { stream } = request;
    stream.on("error", (error) => options.logger.debug({ error, method: call.method }, "stream broke"));
    auditOnClose(stream, call, options, (ended) => {
      options.onCallEnd?.({ ...ended, method: implementations.has(call.method) ? call.method : "" });
    });
    endAfterAnswer(stream);
    if (request.method !== "POST") return refuseHttp(stream, 405);
    if (!isGrpc(request)) return refuseHttp(stream, 415);
    serve(call, request, response).catch((error: unknown) => {
      if (stream.destroyed || stream.headersSent) return;
      call.failure ??= error;
      refuse(stream, toConnectError(error));
    });
  };
}

function callOf(request: Http2ServerRequest, clock: Clock): Call {
  const { remoteAddress: host = "", remotePort: port = 0 } = request.socket;
  return {
    method: request.url.slice(0, maxMethodCharacters),
    peer: formatHostAndPort({ host, port }),
    startedAtMs: clock.now(),
    timeoutMs: parseGrpcTimeout(request.headers["grpc-timeout"]),
  };
}

function isGrpc(request: Http2ServerRequest): boolean {
  return /^application\/grpc(\+proto|\+json)?(;|$)/i.test(request.headers["content-type"] ?? "");
}

function admit(call: Call, request: Http2ServerRequest, admission: Admit): Promise<void> {
  const closed = new AbortController();
  request.stream.once("close", () => closed.abort());
  const identified = (identity: Identity): void => void (call.identity = identity);
  return admission(call.method, request.headers.authorization, identified, closed.signal);
}
