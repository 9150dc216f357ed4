import { sendFailure, sendJson } from "@metacircular/mcdsl/rest/answer.ts";
import type { HttpHandler } from "@metacircular/mcdsl/rest/gateway.ts";
import { sealed } from "../barrier/keyring.ts";

/** Serves what is no RPC: `/healthz` always, everything else by the first of the handlers that it belongs to, and with
 * 503 while the service is sealed. */
export function createHandler(isSealed: () => boolean, handlers: readonly HttpHandler[]): HttpHandler {
  return async (request, response) => {
    const path = request.url?.split("?", 1)[0] ?? "";
    if (path === "/healthz") {
      if (request.method === "GET" || request.method === "HEAD") {
        // Sealed is healthy: restarting it would not help.
        sendJson(response, 200, { status: "ok", sealed: isSealed() });
      } else {
        response.writeHead(405, { allow: "GET, HEAD" }).end();
      }
      return true;
    }
    if (isSealed()) {
      sendFailure(response, sealed());
      return true;
    }
    for (const handler of handlers) {
      if (await handler(request, response)) return true;
    }
    return false;
  };
}
