import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { Agent, type RequestOptions, request as httpsRequest } from "node:https";
import { join } from "node:path";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { startHttpsServer } from "@metacircular/mcdsl/http/https-server.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { openSqlite } from "@metacircular/mcdsl/sql/sqlite.ts";
import { serverTlsOptions } from "@metacircular/mcdsl/tls/options.ts";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { Action, Authenticator, Grants } from "../../access/access.ts";
import type { AuditEntry } from "../../audit/audit.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { openUploads } from "../../blobs/upload-files.ts";
import { type Digest, formatDigest } from "../../digest.ts";
import { createDistributionHandler, isDistributionRequest } from "../../http/handler.ts";
import type { Metadata, MissingContent } from "../../metadata/metadata.ts";
import { migrations } from "../../metadata/migrations.ts";
import { createMetadata } from "../../metadata/store.ts";
import type { RepositoryRules } from "../../policy/tag-rules.ts";
import { createRegistry } from "../../registry/registry.ts";

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  json(): unknown;
}

export interface RequestParts {
  readonly headers?: Readonly<Record<string, string>>;
  /** A list is sent in pieces, without a length. */
  readonly body?: Uint8Array | string | readonly (Uint8Array | string)[];
  /** On a connection of its own. */
  readonly agent?: RequestOptions["agent"];
}

export interface Requested {
  readonly route: string;
  readonly method: string;
  readonly status: number;
}

/** The distribution API over HTTPS and the real stores, in this process. */
export interface Distribution extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  readonly ca: Buffer;
  readonly directory: string;
  readonly metadata: Metadata;
  readonly audited: AuditEntry[];
  readonly counted: Requested[];
  readonly logged: { readonly level: string; readonly fields: Record<string, unknown> }[];
  /** A whole answer; the target may be a path or a URL. */
  send(method: string, target: string, parts?: RequestParts): Promise<Reply>;
}

export interface DistributionSettings {
  /** Default: anybody may do everything. */
  readonly authenticator?: Authenticator;
  readonly rules?: Partial<RepositoryRules>;
  readonly idleTimeoutMs?: number;
  readonly maxBlobBytes?: number;
  readonly mayLack?: MissingContent;
}

export async function startDistribution(settings: DistributionSettings = {}): Promise<Distribution> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await createTemporaryDirectory()).path;
  const certificates = await createTestCertificates(join(directory, "tls"));
  const clock = systemClock;
  const sql = stack.use(await openSqlite({ file: join(directory, "mcr.db"), migrations }));
  const blobs = stack.use(await openFileStore({ directory: join(directory, "blobs"), clock }));
  const { maxBlobBytes } = settings;
  const uploads = stack.use(
    await openUploads({
      directory: join(directory, "uploads"),
      clock,
      ...(maxBlobBytes === undefined ? {} : { maxBlobBytes }),
    }),
  );
  const metadata = createMetadata({ sql, clock, leaseMs: 60_000 });
  const rules = { requireMovable: () => undefined, quotaBytes: () => undefined, ...settings.rules };
  const [audited, counted, logged]: [AuditEntry[], Requested[], Distribution["logged"]] = [[], [], []];
  const handler = createDistributionHandler({
    registry: createRegistry({
      ...{ metadata, blobs, uploads, rules, clock },
      mayLack: settings.mayLack ?? "nothing",
    }),
    authenticator: settings.authenticator ?? openAuthenticator,
    audit: { record: (entry) => void audited.push(entry) },
    metrics: {
      requestEnded: (ended) => void counted.push(ended),
      bytesReceived: () => undefined,
      bytesSent: () => undefined,
    },
    logger: loggerInto(logged),
    clock,
    ...(settings.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: settings.idleTimeoutMs }),
  });
  const server = stack.use(
    await startHttpsServer({
      address: { host: "127.0.0.1", port: 0 },
      tls: serverTlsOptions(certificates, clock),
      handle: (request, response) => {
        handler(request, response).then(
          (isServed) => isServed || response.writeHead(418).end(),
          () => response.destroy(),
        );
      },
      limits: { requestTimeoutMs: 0, closeTimeoutMs: 1_000, continuesItself: isDistributionRequest },
    }),
  );
  const ca = await readFile(certificates.caFile);
  const agent = new Agent({ ca, keepAlive: true });
  stack.defer(() => agent.destroy());
  const { port } = server.address;
  const origin = `https://127.0.0.1:${port}`;
  const owned = stack.move();
  return {
    ...{ origin, port, ca, directory, metadata, audited, counted, logged },
    send: (method, target, parts = {}) => send(method, target, parts, { origin, agent }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function send(
  method: string,
  target: string,
  { headers = {}, body, agent }: RequestParts,
  server: { origin: string; agent: Agent },
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const { origin } = server;
  // As it is: a URL would be put in order.
  const path = target.startsWith("/") ? target : new URL(target).pathname + new URL(target).search;
  const length = body === undefined || Array.isArray(body) ? undefined : Buffer.byteLength(body as string);
  const { hostname, port } = new URL(origin);
  const request = httpsRequest({
    ...{ hostname, port, method, path, agent: agent ?? server.agent },
    headers: { ...(length === undefined ? {} : { "content-length": String(length) }), ...headers },
  });
  request.on("error", reject).on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => void chunks.push(chunk));
    response.on("error", reject).on("end", () => {
      const content = Buffer.concat(chunks);
      const { statusCode: status = 0, headers } = response;
      resolve({
        status,
        headers,
        body: content,
        json: () => JSON.parse(content.toString("utf8")) as unknown,
      });
    });
  });
  for (const part of Array.isArray(body) ? (body as readonly (Uint8Array | string)[]) : [])
    request.write(part);
  request.end(body === undefined || Array.isArray(body) ? undefined : body);
  return promise;
}

const everything: Grants = {
  caller: { kind: "anonymous", name: "", roles: [] },
  require: () => undefined,
  may: () => true,
  requireCatalog: () => undefined,
  lists: () => true,
};

const openAuthenticator: Authenticator = {
  open: true,
  authenticate: async () => everything,
  challenge: () => 'Bearer realm="nowhere"',
};

/** Callers are named by their bearer token; rights are pairs of a repository and what may be done in it. What `unasked`
 * holds is allowed as well, but the token does not cover it. */
export function tableAuthenticator(
  rights: Readonly<Record<string, Readonly<Record<string, readonly Action[]>>>>,
  unasked: Readonly<Record<string, Readonly<Record<string, readonly Action[]>>>> = {},
): Authenticator {
  return {
    open: false,
    async authenticate(authorization) {
      const name = authorization?.replace(/^Bearer /, "") ?? "";
      if (name !== "" && rights[name] === undefined) throw refusal("TOKEN_INVALID", "unauthenticated");
      const may = (action: Action, repository: string): boolean =>
        rights[name]?.[repository]?.includes(action) === true;
      return {
        caller: { kind: name === "" ? "anonymous" : "human", name, roles: [] },
        may,
        require(action, repository) {
          if (may(action, repository)) return;
          const isHelped = name === "" || unasked[name]?.[repository]?.includes(action) === true;
          throw isHelped
            ? refusal("UNAUTHORIZED", "unauthenticated")
            : refusal("DENIED", "permission-denied");
        },
        requireCatalog() {
          if (name === "") throw refusal("UNAUTHORIZED", "unauthenticated");
        },
        lists: (repository) => may("pull", repository),
      };
    },
    challenge: (scopes, error) =>
      `Bearer realm="https://registry/v2/token" scope="${scopes
        .map((scope) =>
          scope === "catalog"
            ? "registry:catalog:*"
            : `repository:${scope.repository}:${scope.actions.join(",")}`,
        )
        .join(" ")}"${error === undefined ? "" : ` error="${error}"`}`,
  };
}

function refusal(code: string, category: "unauthenticated" | "permission-denied"): DetailedError {
  return new DetailedError({ code, category, attempted: "use the registry", found: "a refusal" });
}

function loggerInto(logged: Distribution["logged"]): Logger {
  const at = (level: string) => (fields: object) =>
    void logged.push({ level, fields: fields as Record<string, unknown> });
  const logger: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => logger,
  };
  return logger;
}

export function digestOf(content: Uint8Array | string, algorithm: "sha256" | "sha512" = "sha256"): Digest {
  return formatDigest(algorithm, createHash(algorithm).update(content).digest("hex"));
}

/** Waits until the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(async () => assert.ok(await condition()));
}
