import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { canonicalIp, type Identifier } from "../identifier.ts";
import { AcmeProblem } from "../problem.ts";
import type { Proof, ValidationParts } from "./proof.ts";
import { connectable, connectionProblem } from "./connect.ts";

const redirectsMaximum = 10;
const bodyBytesMaximum = 4_096;
const addressesMaximum = 4;

interface Page {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** Looks for the key authorisation at the well-known path (RFC 8555, section 8.3). Redirects are followed, to the
 * ports of http and https only. What is found instead is never told: it may be anybody's.
 * @throws AcmeProblem dns, connection, unauthorized, incorrectResponse */
export async function validateHttp01(proof: Proof, parts: ValidationParts): Promise<void> {
  const host = proof.identifier.value;
  const authority = isIP(host) === 6 ? `[${host}]` : host;
  let url = new URL(`http://${authority}/.well-known/acme-challenge/${proof.token}`);
  for (let redirects = 0; redirects <= redirectsMaximum; redirects++) {
    const page = await fetchPage(url, parts);
    if (page.status === 200) {
      if (page.body.trimEnd() === proof.keyAuthorization) return;
      throw new AcmeProblem("incorrectResponse", `${url.href} does not hold the key authorization`);
    }
    if (page.status < 300 || page.status > 399 || page.location === undefined) {
      throw new AcmeProblem("unauthorized", `${url.href} answered with status ${page.status}`);
    }
    url = redirected(url, page.location, parts);
  }
  throw new AcmeProblem("connection", `more than ${redirectsMaximum} redirects`);
}

function redirected(from: URL, location: string, { config }: ValidationParts): URL {
  const to = URL.parse(location, from);
  const ports = { "http:": String(config.http_port), "https:": String(config.tls_port) };
  const known = to?.protocol === "http:" || to?.protocol === "https:" ? ports[to.protocol] : undefined;
  if (to !== null && known !== undefined && (to.port === "" || to.port === known)) return to;
  throw new AcmeProblem("connection", `${from.href} redirects to where validation does not follow`);
}

async function fetchPage(url: URL, parts: ValidationParts): Promise<Page> {
  const addresses = await connectable(identifierOf(url), parts);
  let failure: unknown;
  for (const address of addresses.slice(0, addressesMaximum)) {
    try {
      return await fetchFrom(url, address, parts);
    } catch (thrown) {
      parts.signal.throwIfAborted();
      failure = thrown;
    }
  }
  throw connectionProblem("connection", url.href, failure);
}

function identifierOf(url: URL): Identifier {
  const host = url.hostname.replaceAll(/^\[|\]$/gu, "");
  const address = canonicalIp(host);
  return address === undefined ? { type: "dns", value: host } : { type: "ip", value: address };
}

async function fetchFrom(url: URL, address: string, { config, signal }: ValidationParts): Promise<Page> {
  const secure = url.protocol === "https:";
  const options = {
    host: address,
    port: secure ? config.tls_port : config.http_port,
    path: `${url.pathname}${url.search}`,
    // The port is left out: it is 80 for everybody but tests.
    headers: { host: url.hostname, "user-agent": "metacrypt-acme", accept: "*/*", connection: "close" },
    agent: false as const,
    signal,
    maxHeaderSize: 16_384,
  };
  const name = identifierOf(url);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    // Who asks for a certificate has none that could be verified.
    const tls = { rejectUnauthorized: false, ...(name.type === "dns" ? { servername: name.value } : {}) };
    const request = secure ? httpsRequest({ ...options, ...tls }) : httpRequest(options);
    request.on("response", resolve).on("error", reject).end();
  });
  try {
    return {
      status: response.statusCode ?? 0,
      location: response.headers.location,
      body: response.statusCode === 200 ? await readBody(response) : "",
    };
  } finally {
    response.destroy();
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > bodyBytesMaximum) break;
  }
  return Buffer.concat(chunks).toString("utf8").slice(0, bodyBytesMaximum);
}
