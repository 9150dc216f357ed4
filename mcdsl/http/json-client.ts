import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent, request as startRequest } from "node:https";
import { DetailedError } from "../errors.ts";
import { clientTlsOptions } from "../tls/options.ts";
import { connectionFailure } from "./connection-failure.ts";
import { readResponseBody } from "./read-body.ts";

export interface JsonRequest {
  /** `https:` only. */
  readonly url: string | URL;
  /** Default: POST with a body or form, else GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as `application/x-www-form-urlencoded`, in place of a body. */
  readonly form?: Readonly<Record<string, string>>;
  /** PEM file of the only authorities to trust; default: the well-known ones. Not used with `agent`. */
  readonly caFile?: string | undefined;
  /** Keeps connections between requests, with the TLS options it was made with. */
  readonly agent?: Agent;
  /** For the whole exchange. Default 10 s. */
  readonly timeoutMs?: number;
  /** Of the answer's body. Default 1 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface JsonResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The decoded JSON; text where the answer is something else; undefined where it is empty. */
  readonly body: unknown;
}

const defaultTimeoutMs = 10_000;
const defaultMaxBytes = 1024 * 1024;

/** One HTTPS request over TLS 1.3, without following redirects. Every status is an answer, not an error.
 * @throws DetailedError of category unavailable (UNREACHABLE, TLS_FAILED), deadline-exceeded (TIMEOUT),
 * cancelled (CANCELLED), internal (RESPONSE_TOO_LARGE, RESPONSE_INVALID), invalid-argument (URL_INVALID) */
export async function requestJson(request: JsonRequest): Promise<JsonResponse> {
  const url = httpsUrl(request.url);
  const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
  try {
    signal.throwIfAborted();
    const response = await send(url, request, signal);
    const text = await readText(response, url, request.maxBytes ?? defaultMaxBytes);
    return { status: response.statusCode ?? 0, headers: response.headers, body: decode(response, url, text) };
  } catch (thrown) {
    if (request.signal?.aborted === true) throw cancelled(url, thrown);
    if (timeout.aborted) throw timedOut(url, timeoutMs, thrown);
    throw thrown instanceof DetailedError ? thrown : connectionFailure(url.origin, thrown);
  }
}

/** Keeps up to `maxSockets` connections open between requests. Destroy it when done. */
export function createHttpsAgent(options: { caFile?: string | undefined; maxSockets?: number }): Agent {
  return new Agent({ ...clientTlsOptions(options), keepAlive: true, maxSockets: options.maxSockets ?? 16 });
}

function httpsUrl(text: string | URL): URL {
  const url = URL.parse(String(text));
  if (url?.protocol === "https:" && url.username === "" && url.password === "") return url;
  throw new DetailedError({
    code: "URL_INVALID",
    category: "invalid-argument",
    attempted: "send request to",
    subject: url === null ? "a URL" : `${url.protocol}//${url.host}`,
    found: "it is not an https URL without user information",
    remedy: "correct the URL",
  });
}

function send(url: URL, request: JsonRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { payload, contentType } = encode(request);
  const headers = {
    accept: "application/json",
    ...(contentType === undefined ? {} : { "content-type": contentType }),
    ...(payload === undefined ? {} : { "content-length": String(Buffer.byteLength(payload)) }),
    ...request.headers,
  };
  const connection = request.agent === undefined ? clientTlsOptions(request) : {};
  const method = request.method ?? (payload === undefined ? "GET" : "POST");
  return new Promise((resolve, reject) => {
    const agent = request.agent ?? false;
    const outgoing = startRequest(url, { ...connection, agent, method, headers, signal }, resolve);
    outgoing.on("error", reject);
    outgoing.end(payload);
  });
}

function encode(request: JsonRequest): { payload?: string; contentType?: string } {
  if (request.form !== undefined) {
    const payload = new URLSearchParams(request.form).toString();
    return { payload, contentType: "application/x-www-form-urlencoded" };
  }
  if (request.body === undefined) return {};
  return { payload: JSON.stringify(request.body), contentType: "application/json" };
}

async function readText(response: IncomingMessage, url: URL, maxBytes: number): Promise<string> {
  const body = await readResponseBody(response, maxBytes);
  if (body === undefined) throw badResponse("RESPONSE_TOO_LARGE", url, `more than ${maxBytes} bytes`);
  return body.toString("utf8");
}

function decode(response: IncomingMessage, url: URL, text: string): unknown {
  if (text === "") return undefined;
  if (!/^application\/([\w.-]+\+)?json\b/i.test(response.headers["content-type"] ?? "")) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badResponse("RESPONSE_INVALID", url, "a body that is not the JSON it claims to be", cause);
  }
}

function badResponse(code: string, url: URL, found: string, cause?: unknown): DetailedError {
  return new DetailedError({ code, attempted: "read the answer of", subject: placeOf(url), found, cause });
}

function timedOut(url: URL, timeoutMs: number, cause: unknown): DetailedError {
  return new DetailedError({
    code: "TIMEOUT",
    category: "deadline-exceeded",
    attempted: "get an answer from",
    subject: placeOf(url),
    found: `none within ${timeoutMs} ms`,
    remedy: "check that the service is running and not overloaded",
    cause,
  });
}

function cancelled(url: URL, cause: unknown): DetailedError {
  const details = { code: "CANCELLED", category: "cancelled", attempted: "get an answer from" } as const;
  return new DetailedError({ ...details, subject: placeOf(url), found: "the request was cancelled", cause });
}

/** Without the query, which may carry secrets. */
function placeOf(url: URL): string {
  return url.origin + url.pathname;
}
