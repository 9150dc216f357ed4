import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { HttpHandler } from "@metacircular/mcdsl/rest/gateway.ts";
import { redirect, sendPage } from "@metacircular/mcdsl/web/answer.ts";
import { failurePage, notFound } from "@metacircular/mcdsl/web/error-page.ts";
import { formRefused } from "@metacircular/mcdsl/web/form-token.ts";
import { html } from "@metacircular/mcdsl/web/html.ts";
import type { LoggedIn } from "@metacircular/mcdsl/web/logins.ts";
import { type Frame, pageIn } from "@metacircular/mcdsl/web/page.ts";
import type { Audit } from "../audit/audit.ts";
import { openAssets } from "./assets.ts";
import { createDoor, type DoorOptions } from "./door.ts";
import { answerVisit } from "./pages.ts";
import { type Route, routeOf } from "./paths.ts";
import { PlatformCache } from "./read/platforms.ts";
import type { Sources } from "./sources.ts";
import type { Outcome, Visit } from "./visit.ts";

export interface WebOptions extends Omit<Sources, "platforms">, DoorOptions {
  readonly audit: Audit;
  /** Under which clients reach the registry, e.g. `mcr.example:8443`. */
  readonly registryHost: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What others answer, also where they have nothing at a path. */
const reserved = /^\/(?:v1|v2|healthz|metrics)(?:\/|$)/;

/** For all of a request, the form included. */
const requestTimeoutMs = 30_000;

/** Serves the web pages: what is in the registry for those who may pull it, and for administrators its rules, its audit and
 * garbage collection. Everybody logs in by the identity service. It leaves the paths of the APIs alone. */
export function createWebHandler(options: WebOptions): HttpHandler {
  const assets = openAssets();
  const door = createDoor(options);
  const platforms = new PlatformCache(options);

  return async (request, response) => {
    const url = targetOf(request);
    if (url === undefined || reserved.test(url.pathname)) return false;
    if (assets.serve(request, response, url.pathname)) return true;
    const visitor: Visitor = {
      request,
      response,
      url,
      signal: signalOf(request, response),
      loggedIn: undefined,
    };
    const frame = (): Frame => frameOf(options, assets, visitor.loggedIn);
    try {
      const outcome = await serve(options, platforms, door, visitor);
      if ("redirect" in outcome) redirect(response, outcome.redirect);
      else sendPage(response, outcome.status ?? 200, pageIn(frame(), outcome), request.method !== "HEAD");
    } catch (thrown) {
      // Nobody is there any more who could be answered.
      if (response.destroyed) return true;
      fail(options, visitor, visitor.signal.aborted ? tookTooLong() : thrown, frame);
    }
    // Who still sends a refused form must be seen to hang up.
    request.resume();
    return true;
  };
}

interface Visitor {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly signal: AbortSignal;
  loggedIn: LoggedIn | undefined;
}

function fail({ logger }: WebOptions, visitor: Visitor, thrown: unknown, frame: () => Frame): void {
  const { request, response, url } = visitor;
  const incident = randomUUID();
  const { status, title, page } = failurePage(thrown, incident);
  if (status >= 500)
    logger.error({ error: thrown, incident, path: url.pathname.slice(0, 200) }, "page failed");
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const [name, value] of Object.entries(headersOf(thrown))) response.setHeader(name, value);
  const content = html`<h1>${title}</h1>
    ${page}`;
  sendPage(response, status, pageIn(frame(), { title, content }), request.method !== "HEAD");
}

async function serve(
  options: WebOptions,
  platforms: PlatformCache,
  door: ReturnType<typeof createDoor>,
  visitor: Visitor,
): Promise<Outcome> {
  const { request, url, signal } = visitor;
  const { method = "" } = request;
  if (!["GET", "HEAD", "POST"].includes(method)) throw notOffered(method);
  const route = routeOf(url.pathname);
  visitor.loggedIn = await door.who(request, signal);
  if (route?.page === "login") return door.login(visitor, visitor.loggedIn);
  const { loggedIn } = visitor;
  if (loggedIn === undefined) {
    // Also where there is nothing: who is not logged in learns nothing about what there is.
    if (method !== "POST") return { redirect: loginPath(route, url) };
    throw formRefused();
  }
  if (route?.page === "logout") {
    const outcome = await door.logout(visitor, loggedIn);
    visitor.loggedIn = undefined;
    return outcome;
  }
  if (route === undefined) throw notFound();
  const visit = visitOf(options, visitor, loggedIn);
  return answerVisit({ ...options, platforms }, visit, route);
}

function visitOf(
  options: WebOptions,
  { request, response, url, signal }: Visitor,
  loggedIn: LoggedIn,
): Visit {
  const { name, kind, roles } = loggedIn.identity;
  const caller = { name, kind, roles };
  const { formToken } = loggedIn.session;
  const isAdmin = roles.includes("admin");
  return {
    request,
    response,
    path: url.pathname,
    parameters: url.searchParams,
    signal,
    loggedIn,
    caller,
    grants: options.grantsOf(caller),
    viewer: { nowMs: options.clock.now(), formToken, isAdmin, registryHost: options.registryHost },
    address: addressOf(request),
  };
}

function frameOf(
  { registryHost }: WebOptions,
  assets: ReturnType<typeof openAssets>,
  loggedIn: LoggedIn | undefined,
): Frame {
  const session = loggedIn?.session;
  const flash = session?.flash;
  if (session !== undefined) session.flash = undefined;
  const isAdmin = loggedIn?.identity.roles.includes("admin") === true;
  const forAdmins = [
    { path: "/audit", label: "Audit" },
    { path: "/rules", label: "Rules" },
    { path: "/collection", label: "Garbage collection" },
  ];
  return {
    service: "MCR",
    subtitle: registryHost,
    assets,
    styles: ["base.css", "registry.css"],
    scripts: ["registry.js"],
    navigation:
      session === undefined ? [] : [{ path: "/", label: "Repositories" }, ...(isAdmin ? forAdmins : [])],
    user: loggedIn && { name: loggedIn.identity.name, formToken: loggedIn.session.formToken },
    flash,
  };
}

function loginPath(route: Route | undefined, { pathname, search }: URL): string {
  const to = route === undefined || route.page === "logout" ? "/" : `${pathname}${search}`;
  return to === "/" ? "/login" : `/login?${new URLSearchParams({ to }).toString()}`;
}

/** Undefined where it is no path. */
function targetOf({ url = "" }: IncomingMessage): URL | undefined {
  return url.startsWith("/") ? (URL.parse(`https://localhost${url}`) ?? undefined) : undefined;
}

/** Ends what waits for a browser that went away, or for a form that does not come. */
function signalOf(request: IncomingMessage, response: ServerResponse): AbortSignal {
  const ended = new AbortController();
  const late = setTimeout(() => {
    ended.abort();
    if (!request.complete) request.destroy();
  }, requestTimeoutMs);
  response.once("close", () => {
    clearTimeout(late);
    ended.abort();
  });
  return ended.signal;
}

function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? "unknown";
}

function headersOf(thrown: unknown): Readonly<Record<string, string>> {
  if (!(thrown instanceof DetailedError)) return {};
  if (thrown.code === "METHOD_NOT_OFFERED") return { allow: "GET, HEAD, POST" };
  return thrown.category === "unavailable" ? { "retry-after": "5" } : {};
}

function tookTooLong(): DetailedError {
  return new DetailedError({
    code: "TIMEOUT",
    category: "unavailable",
    attempted: "show the page",
    found: `it was not ready after ${requestTimeoutMs / 1000} seconds`,
    remedy: "look whether what you wanted was done, and try again",
  });
}

function notOffered(method: string): DetailedError {
  return new DetailedError({
    code: "METHOD_NOT_OFFERED",
    category: "invalid-argument",
    attempted: "serve the request",
    subject: method.slice(0, 20),
    found: "pages are only looked at and sent as forms",
    remedy: "use the API for anything else",
  });
}
