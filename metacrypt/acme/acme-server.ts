import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type AcmeConfig, connectRule } from "./config.ts";
import type { MountContext } from "./context.ts";
import { createAcmeHandler } from "./http/handler.ts";
import { issueOrder } from "./issue-order.ts";
import { Nonces } from "./nonces.ts";
import type { AcmePorts, RandomToken } from "./ports.ts";
import { AcmeProblem } from "./problem.ts";
import { createAcmeStore } from "./store/acme-store.ts";
import { acmeUrls } from "./urls.ts";
import { validateChallenge } from "./validate-challenge.ts";
import { createNames } from "./validation/names.ts";
import { AcmeWorker } from "./worker.ts";

export interface AcmeServerOptions extends AcmePorts {
  readonly config: AcmeConfig;
  /** Origin under which clients reach the server, e.g. `https://metacrypt.example.org:8443`. Empty: as the client
   * called it. */
  readonly externalUrl: string;
  /** Default: of the machine. */
  readonly random?: RandomToken;
}

/** The ACME servers of all CA mounts (RFC 8555). */
export interface AcmeServer extends AsyncDisposable {
  /** Serves `/acme/<mount>/…`; false: the path is somebody else's. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
}

/** Starts to serve ACME clients, and takes up the validations and orders that were under way when the service ended.
 * Disposing it stops the work in the background; it goes on at the next start. */
export function startAcmeServer(options: AcmeServerOptions): AcmeServer {
  const { config, mounts, clock, logger } = options;
  const parts = { ports: options, config, names: createNames(config), mayConnect: connectRule(config) };
  const worker = new AcmeWorker({
    mounts,
    clock,
    logger,
    concurrency: config.validation_concurrency,
    doWork: (mount, store, work, signal) =>
      work.kind === "validate"
        ? validateChallenge(parts, mount, store, work, signal)
        : issueOrder(options, mount, store, work.id),
  });
  worker.start();
  const nonces = new Nonces(clock);
  const random = options.random ?? ((byteCount) => randomBytes(byteCount).toString("base64url"));
  const originOf = (request: IncomingMessage): string => originFor(options.externalUrl, request);

  function contextOf(name: string, request: IncomingMessage): MountContext {
    const mount = mounts.find(name);
    const store = mount === undefined ? undefined : createAcmeStore(mount.records);
    const settings = store?.settings();
    if (mount === undefined || store === undefined || settings?.enabled !== true) {
      throw new AcmeProblem("malformed", `${name} answers no ACME clients`, { status: 404 });
    }
    return {
      ports: options,
      mount,
      store,
      settings,
      urls: acmeUrls(originOf(request), name),
      nonces,
      worker,
      random,
      nowMs: clock.now(),
      address: request.socket.remoteAddress ?? "",
    };
  }

  return {
    handler: createAcmeHandler({
      contextOf,
      originOf,
      onFailure: (thrown, request) =>
        logger.error({ error: thrown, method: request.method, path: request.url }, "ACME request failed"),
    }),
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}

const hostAndPort = /^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$|^\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?$/;

/** As the client called it, unless that isn't a host; RFC 8555 has it sign the URL, so it must be the client's. */
function originFor(externalUrl: string, request: IncomingMessage): string {
  const authority = request.headers[":authority"] ?? request.headers.host;
  const host = typeof authority === "string" && hostAndPort.test(authority) ? authority : "localhost";
  return externalUrl === "" ? `https://${host}` : externalUrl;
}
