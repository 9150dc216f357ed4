import { createServer } from "node:http";
import { type HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { listen } from "@metacircular/mcdsl/http/listen.ts";

/** Answers http-01 challenges, and 404 to everything else. */
export interface ChallengeResponder extends AsyncDisposable {
  readonly address: HostAndPort;
  /** Answers a token until it is disposed. */
  show(token: string, keyAuthorization: string): AsyncDisposable;
}

const path = "/.well-known/acme-challenge/";

/** @throws DetailedError LISTEN_FAILED */
export async function startChallengeResponder(address: HostAndPort): Promise<ChallengeResponder> {
  const shown = new Map<string, string>();
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const url = request.url ?? "";
    const answer = url.startsWith(path) ? shown.get(url.slice(path.length)) : undefined;
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "text/plain" });
    response.end(answer ?? "");
  });
  server.maxConnections = 100;
  const bound = await listen(server, address);
  return {
    address: bound,
    show(token, keyAuthorization) {
      shown.set(token, keyAuthorization);
      return {
        [Symbol.asyncDispose]: () => {
          shown.delete(token);
          return Promise.resolve();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
