import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { type Agent, request as startRequest } from "node:https";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { readResponseBody } from "@metacircular/mcdsl/http/read-body.ts";

import { answerInvalid, cancelled, timedOut, unreachable } from "./failures.ts";

export interface Question {
  readonly method: "GET" | "HEAD";
  /** Path below the registry, or a whole https URL. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** One HTTPS exchange, without following redirects. Every status is an answer.
 * Throws DetailedError REGISTRY_UNREACHABLE, TLS_FAILED, REGISTRY_FAILED, CANCELLED. */
export type Exchange = (question: Question) => Promise<Answer>;

/** Asks one registry over the agent's connections. */
export function createExchange(registry: { address: string; agent: Agent; timeoutMs: number }): Exchange {
  const { address, agent, timeoutMs } = registry;
  return async ({ method, url, headers, maxBytes, signal }) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    try {
      either.throwIfAborted();
      const target = new URL(url, `https://${address}`);
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        startRequest(target, { agent, method, headers, signal: either }, resolve).on("error", reject).end();
      });
      const bytes = await readResponseBody(response, maxBytes);
      if (bytes === undefined) throw answerInvalid(address, `more than ${maxBytes} bytes`);
      return { status: response.statusCode ?? 0, headers: response.headers, bytes };
    } catch (thrown) {
      if (signal?.aborted === true) throw cancelled(address, thrown);
      if (timeout.aborted) throw timedOut(address, timeoutMs, thrown);
      throw thrown instanceof DetailedError ? thrown : unreachable(address, thrown);
    }
  };
}
