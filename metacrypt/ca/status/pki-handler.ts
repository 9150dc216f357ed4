import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { readRequestBody } from "@metacircular/mcdsl/http/read-body.ts";
import type { HttpHandler } from "@metacircular/mcdsl/rest/gateway.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Engines } from "../../mounts/engine.ts";
import type { Authority } from "../authorities/authority.ts";
import { caEngine, type CaMount } from "../mount.ts";
import { pemOf } from "../pem.ts";

/** What is answered: for HTTP, not yet sent. */
interface Answer {
  readonly type: string;
  readonly body: Uint8Array;
  /** How long others may keep it, seconds; 0: not at all. */
  readonly maxAge: number;
}

const requestOctetsMaximum = 16 * 1_024;
const bodyTimeoutMs = 10_000;
const path =
  /^\/pki\/(?<mount>[a-z0-9-]+)\/(?:issuers\/(?<issuer>[a-z0-9-]+)\.(?<issuerForm>crt|pem)|crl\/(?<crl>[a-z0-9-]+)\.(?<crlForm>crl|pem)|ocsp(?:\/(?<question>.+))?)$/;

/** Serves what certificates point to, for everybody and without a token:
 * `/pki/<mount>/issuers/<id>.crt` (DER) and `.pem` (with the issuers above), `/pki/<mount>/crl/<id>.crl` (DER) and
 * `.pem`, and `/pki/<mount>/ocsp` (RFC 6960, appendix A: by POST and by GET). Names and `default` do for ids. It can be
 * served without TLS: all of it is public, and signed. */
export function createPkiHandler(engines: Pick<Engines, "engine">): HttpHandler {
  return async (request, response) => {
    const target = (request.url ?? "").split("?", 1)[0] ?? "";
    if (!target.startsWith("/pki/")) return false;
    try {
      await serve(engines, target, request, response);
    } catch (thrown) {
      if (!(thrown instanceof DetailedError)) throw thrown;
      refuse(response, statusFor(thrown), `${thrown.code}: ${thrown.found}`);
    }
    return true;
  };
}

async function serve(
  engines: Pick<Engines, "engine">,
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parts = path.exec(target)?.groups;
  if (parts === undefined) return refuse(response, 404, "there is nothing at this path");
  const isRead = request.method === "GET" || request.method === "HEAD";
  const isQuestion = parts["issuer"] === undefined && parts["crl"] === undefined;
  const isPost = isQuestion && parts["question"] === undefined;
  if (isPost ? request.method !== "POST" : !isRead) {
    return refuse(response.setHeader("allow", isPost ? "POST" : "GET, HEAD"), 405, "not by this method");
  }
  const mount = engines.engine(caEngine, parts["mount"] ?? "");
  if (isQuestion) {
    const question = isPost ? await bodyOf(request) : questionIn(parts["question"] ?? "");
    if (question === undefined) return refuse(response, 413, "the request is too large or too slow");
    // Kept only as long as a revocation may stay unseen.
    return send(request, response, {
      type: "application/ocsp-response",
      body: await mount.ocsp.answer(question),
      maxAge: isPost ? 0 : 60,
    });
  }
  send(request, response, await fileAnswer(mount, parts));
}

async function fileAnswer(mount: CaMount, parts: Record<string, string | undefined>): Promise<Answer> {
  const authority = mount.authorities.get(parts["issuer"] ?? parts["crl"]);
  if (parts["crl"] === undefined) return issuerAnswer(authority, parts["issuerForm"] === "pem");
  const { encoded: body } = await mount.crls.current(authority);
  if (parts["crlForm"] === "crl") return { type: "application/pkix-crl", body, maxAge: 60 };
  return { type: "application/x-pem-file", body: Buffer.from(pemOf("X509 CRL", body)), maxAge: 60 };
}

function issuerAnswer({ certificate, chain }: Authority, asPem: boolean): Answer {
  if (!asPem) return { type: "application/pkix-cert", body: certificate.encoded, maxAge: 3_600 };
  const blocks = [certificate, ...chain].map(({ encoded }) => pemOf("CERTIFICATE", encoded));
  return { type: "application/x-pem-file", body: Buffer.from(blocks.join("")), maxAge: 3_600 };
}

/** The question of a GET: base64, perhaps with percent signs. Some clients leave the slashes as they are. */
function questionIn(text: string): Uint8Array {
  try {
    return Buffer.from(decodeURIComponent(text), "base64");
  } catch {
    return Buffer.alloc(0);
  }
}

/** Undefined where it is larger than a question is, or does not arrive. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const timeout = setTimeout(() => request.destroy(), bodyTimeoutMs).unref();
  try {
    return await readRequestBody(request, requestOctetsMaximum);
  } catch {
    // Whoever asked has gone.
    return undefined;
  } finally {
    clearTimeout(timeout);
  }
}

function send(request: IncomingMessage, response: ServerResponse, { type, body, maxAge }: Answer): void {
  response.writeHead(200, {
    "content-type": type,
    "content-length": body.length,
    "cache-control": maxAge === 0 ? "no-store" : `public, max-age=${maxAge}, no-transform`,
    "x-content-type-options": "nosniff",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  response.end(`${text}\n`);
}

function statusFor({ category }: DetailedError): number {
  if (category === "not-found") return 404;
  return category === "internal" ? 500 : 503;
}
