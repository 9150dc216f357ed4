import { type Agent, request, type RequestOptions } from "node:https";
import type { Echo } from "./backends.ts";

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
  /** Of an echoing server. */
  echo(): Echo;
}

/** How to ask a public port of the loopback. */
export interface Question {
  readonly port: number;
  /** The name in the TLS greeting. */
  readonly name: string;
  /** Default: that name. */
  readonly host?: string;
  readonly ca: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** Default: a connection of its own. */
  readonly agent?: Agent;
  readonly localAddress?: string;
}

/** Asks by HTTP/1.1 over TLS, and checks the certificate. */
export function ask(question: Question): Promise<Answer> {
  const {
    port,
    name,
    host,
    ca,
    path = "/",
    method = "GET",
    headers = {},
    body,
    agent,
    localAddress,
  } = question;
  const options: RequestOptions = {
    host: "127.0.0.1",
    port,
    servername: name,
    ca,
    path,
    method,
    headers: { host: host ?? name, ...headers },
    agent: agent ?? false,
    timeout: 60_000,
    ...(localAddress === undefined ? {} : { localAddress }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = request(options, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", reject);
    response.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const { statusCode: status = 0 } = response;
      resolve({ status, headers: response.headers, text, echo: () => JSON.parse(text) as Echo });
    });
  });
  outgoing.on("error", reject);
  outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in 60 s")));
  outgoing.end(body);
  return promise;
}
