import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { addressOf } from "./address.ts";
import { MAX_BODY_BYTES, tooLarge } from "./form-body.ts";
import { HttpError } from "./http-error.ts";
import { sendError, setSecurityHeaders } from "./respond.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** By path, then by method. What isn't listed doesn't exist. */
export type Routes = Readonly<Record<string, Readonly<Partial<Record<"GET" | "POST", Handler>>>>>;

export function createRouter(parts: {
  routes: Routes;
  logger: Logger;
  clock: Pick<Clock, "now">;
}): (request: IncomingMessage, response: ServerResponse) => void {
  const { routes, logger, clock } = parts;
  return (request, response) => {
    const startedAtMs = clock.now();
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const known = Object.hasOwn(routes, path);
    setSecurityHeaders(response);
    response.on("close", () => {
      const level = response.statusCode >= 500 ? "warn" : response.statusCode >= 400 ? "info" : "debug";
      logger[level](
        {
          method: request.method,
          path: known ? path : "(unknown)",
          status: response.statusCode,
          durationMs: clock.now() - startedAtMs,
          address: addressOf(request),
        },
        "request",
      );
    });
    const handler = known ? handlerFor(routes[path], request) : notFound;
    handler(request, response).catch((thrown: unknown) => answerFailure(thrown, response, logger));
  };
}

function handlerFor(methods: Routes[string] = {}, request: IncomingMessage): Handler {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return reject(tooLarge());
  const handler = request.method === "GET" || request.method === "POST" ? methods[request.method] : undefined;
  if (handler !== undefined) return handler;
  const allow = Object.keys(methods).join(", ");
  return reject(new HttpError(405, "invalid_request", `only ${allow} is possible here`, { allow }));
}

const notFound = reject(new HttpError(404, "not_found", "there is nothing here"));

function reject(error: HttpError): Handler {
  return async () => {
    throw error;
  };
}

function answerFailure(thrown: unknown, response: ServerResponse, logger: Logger): void {
  if (!(thrown instanceof HttpError)) logger.error({ error: thrown }, "request failed");
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const error =
    thrown instanceof HttpError ? thrown : new HttpError(500, "server_error", "something went wrong here");
  sendError(response, error);
}
