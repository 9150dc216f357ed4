import type { IncomingMessage, ServerResponse } from "node:http";
import type { MountContext } from "../context.ts";
import { AcmeProblem, problemOf } from "../problem.ts";
import { authenticate } from "./call.ts";
import type { AcmeAnswer } from "./answer.ts";
import { readBody } from "./body.ts";
import { renewalInfo } from "./certificate.ts";
import { directory } from "./directory.ts";
import { sendAnswer, sendProblem } from "./respond.ts";
import { signedRoutes } from "./routes.ts";

/** Makes what a request is answered with.
 * @throws AcmeProblem malformed (404) where there is no such mount, or it answers no ACME clients */
export type ContextOf = (mount: string, request: IncomingMessage) => MountContext;

export interface HandlerParts {
  readonly contextOf: ContextOf;
  /** Under which the client reached the server. */
  readonly originOf: (request: IncomingMessage) => string;
  /** What went wrong here, not at the client. */
  readonly onFailure: (thrown: unknown, request: IncomingMessage) => void;
}

const acmePath = /^\/acme\/([a-z0-9][a-z0-9._-]{0,63})\/(.{1,300})$/;

/** Serves `/acme/<mount>/…`; false: the path is somebody else's. */
export function createAcmeHandler(
  parts: HandlerParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  return async (request, response) => {
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    const match = acmePath.exec(path);
    if (match === null) return false;
    const [, mount = "", resource = ""] = match;
    const origin = parts.originOf(request);
    const index = `${origin}/acme/${mount}/directory`;
    try {
      const context = parts.contextOf(mount, request);
      const url = `${origin}${request.url ?? ""}`;
      if (request.method === "POST" || resource === "new-nonce") {
        response.setHeader("replay-nonce", context.nonces.create());
      }
      const answer = await respond(context, request, { resource, query, url });
      sendAnswer(response, answer, index);
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (problem.document.status === 500) parts.onFailure(thrown, request);
      if (response.headersSent) response.destroy();
      else sendProblem(response, problem, index);
    }
    // What is left of a refused body must not become the next request.
    request.resume();
    return true;
  };
}

interface Target {
  readonly resource: string;
  readonly query: string;
  readonly url: string;
}

async function respond(
  context: MountContext,
  request: IncomingMessage,
  { resource, query, url }: Target,
): Promise<AcmeAnswer> {
  const open = openResource(context, resource);
  if (open !== undefined) {
    if (request.method === "GET" || request.method === "HEAD") return open(request.method);
    throw wrongMethod("GET, HEAD");
  }
  for (const route of signedRoutes) {
    const match = route.path.exec(resource);
    if (match === null) continue;
    if (request.method !== "POST") throw wrongMethod("POST");
    const body = await readBody(request);
    const call = await authenticate(context, { url, body, accepts: route.accepts });
    return route.operation(call, match.slice(1), new URLSearchParams(query));
  }
  throw new AcmeProblem("malformed", "there is nothing here", { status: 404 });
}

/** Those that take no signature (RFC 8555, sections 7.1.1 and 7.2; RFC 9773, section 4.2). */
function openResource(
  context: MountContext,
  resource: string,
): ((method: "GET" | "HEAD") => AcmeAnswer) | undefined {
  if (resource === "directory") return () => directory(context);
  if (resource === "new-nonce") return (method) => ({ status: method === "HEAD" ? 200 : 204 });
  if (!resource.startsWith("renewal-info/")) return undefined;
  return () => renewalInfo(context, resource.slice("renewal-info/".length));
}

function wrongMethod(allow: string): AcmeProblem {
  return new AcmeProblem("malformed", `only ${allow} is possible here`, { status: 405, headers: { allow } });
}
