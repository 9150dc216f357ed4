import type { DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describedAdmission } from "../auth/admission.ts";
import type { TokenVerifier } from "../auth/identity.ts";
import type { Clock } from "../clock.ts";
import type { HostAndPort } from "../config/host-and-port.ts";
import { DetailedError } from "../errors.ts";
import type { CallEnd } from "../grpc/audit.ts";
import { startGrpcServer } from "../grpc/server.ts";
import { type HttpsLimits, startHttpsServer } from "../http/https-server.ts";
import type { Logger } from "../log/logger.ts";
import { sendFailure } from "../rest/answer.ts";
import { createRestGateway, type HttpHandler } from "../rest/gateway.ts";
import { type MethodRule, methodRules } from "../rest/method-rules.ts";
import { serverTlsOptions } from "../tls/options.ts";
import { takeOverRenewals } from "../tls/take-over-renewals.ts";

/** A described service and what implements it. */
export interface ApiService {
  readonly description: DescService;
  register(router: ConnectRouter): void;
}

/** Every RPC has to be implemented. */
export function apiService<Service extends DescService>(
  description: Service,
  implementation: ServiceImpl<Service>,
): ApiService {
  return { description, register: (router) => void router.service(description, implementation) };
}

export interface ApiServerOptions {
  /** Where HTTPS is served; port 0: any free one. */
  readonly rest: HostAndPort;
  /** Where gRPC is served; undefined: nowhere. */
  readonly grpc?: HostAndPort | undefined;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  readonly services: readonly ApiService[];
  readonly authenticator: TokenVerifier;
  /** Asked before every call; throws where the method cannot be served now, such as while the service is sealed. */
  readonly gate?: (rule: MethodRule) => void;
  /** Serves paths of HTTPS that are no REST form. */
  readonly handler?: HttpHandler;
  /** Of HTTPS. */
  readonly httpsLimits?: HttpsLimits;
  /** Networks, in canonical form, of proxies that begin each connection with a PROXY protocol header. Default: none. */
  readonly proxyProtocolFrom?: readonly string[];
  readonly logger: Logger;
  readonly clock: Clock;
  readonly onCallEnd?: (ended: CallEnd) => void;
  /** Of one message or body received. Default 4 MiB. */
  readonly maxMessageBytes?: number;
}

/** A server that listens. Disposing it lets calls in progress end, within limits. */
export interface ApiServer extends AsyncDisposable {
  readonly rest: HostAndPort;
  readonly grpc: HostAndPort | undefined;
}

/** Serves described services by gRPC and by REST, with the same implementations, the same admission and the same log,
 * over TLS 1.3. Who may call is what the description says; implementations learn who calls by `callerOf`.
 * @throws DetailedError LISTEN_FAILED and those of `serverTlsOptions`
 * @throws Error where a description forgets to say who may call */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { services, logger, clock, tls, proxyProtocolFrom: from = [] } = options;
  const rules = methodRules(services.map(({ description }) => description));
  const admit = describedAdmission(rules, options.authenticator, options.gate);
  const routes = (router: ConnectRouter): void => {
    for (const service of services) service.register(router);
  };
  const stopping = new AbortController();
  const maxBodyBytes = options.maxMessageBytes;
  const gateway = createRestGateway({
    rules,
    routes,
    admit,
    logger,
    clock,
    stopping: stopping.signal,
    onCallEnd: options.onCallEnd,
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
  });
  await using stack = new AsyncDisposableStack();
  const handlers = options.handler === undefined ? [gateway] : [gateway, options.handler];
  const https = stack.use(
    await startHttpsServer({
      address: options.rest,
      tls: serverTlsOptions(tls, clock),
      handle: firstOf(handlers, logger),
      limits: options.httpsLimits,
      proxies: { from, logger, clock },
    }),
  );
  const renewals = takeOverRenewals(https, { tls, clock, logger }, stopping.signal);
  stack.defer(() => renewals);
  stack.defer(() => stopping.abort());
  const { grpc: grpcAddress } = options;
  const grpc =
    grpcAddress === undefined
      ? undefined
      : stack.use(await startGrpcServer({ ...options, address: grpcAddress, routes, admit }));
  const owned = stack.move();
  return { rest: https.address, grpc: grpc?.address, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function firstOf(
  handlers: readonly HttpHandler[],
  logger: Logger,
): (request: IncomingMessage, response: ServerResponse) => void {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const handler of handlers) {
      if (await handler(request, response)) return;
    }
    sendFailure(response, noSuchPath());
  }
  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      logger.error({ error, path: request.url?.split("?", 1)[0]?.slice(0, 200) }, "request failed");
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  };
}

function noSuchPath(): DetailedError {
  return new DetailedError({
    code: "PATH_NOT_FOUND",
    category: "not-found",
    attempted: "serve the request",
    found: "there is nothing at this path",
    remedy: "check the path; the API's description lists them all",
  });
}
