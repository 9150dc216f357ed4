import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Certificates } from "./certificates.ts";

type Key = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

/** An OpenID provider that does what a test tells it to. */
export interface StubIssuer extends AsyncDisposable {
  readonly issuer: string;
  /** Number of requests by path. */
  readonly requests: Map<string, number>;
  /** Introspections by their form. */
  readonly introspected: { token: string; authorization: string | undefined }[];
  /** Tokens that are revoked. */
  readonly revoked: Set<string>;
  /** What introspection says besides `active`, `sub` and `exp`. */
  account: Record<string, unknown>;
  /** Answers instead of the usual: a status, or `hang`. */
  failure: number | "hang" | undefined;
  /** So many of the next requests get their connection reset. */
  resets: number;
  /** Signs with a new key, which is published. */
  rotate(): Promise<void>;
  token(claims?: Record<string, unknown>, key?: Key): Promise<string>;
}

export async function startStubIssuer(certificates: Certificates, nowMs: () => number): Promise<StubIssuer> {
  const keys: { kid: string; privateKey: Key; publicJwk: object }[] = [];
  const subjects = new Map<string, Record<string, unknown>>();
  const server = createServer({
    cert: readFileSync(certificates.certFile),
    key: readFileSync(certificates.keyFile),
  });

  async function answer(request: IncomingMessage): Promise<unknown> {
    if (request.url === "/.well-known/openid-configuration") {
      const { issuer } = stub;
      return { issuer, jwks_uri: `${issuer}/jwks`, introspection_endpoint: `${issuer}/introspect` };
    }
    if (request.url === "/jwks") return { keys: keys.map(({ publicJwk }) => publicJwk) };
    const token = new URLSearchParams(await text(request)).get("token") ?? "";
    stub.introspected.push({ token, authorization: request.headers.authorization });
    const claims = subjects.get(token);
    if (claims === undefined || stub.revoked.has(token)) return { active: false };
    return { active: true, sub: claims["sub"], exp: claims["exp"], ...stub.account };
  }

  server.on("request", (request, response) => {
    const path = request.url ?? "";
    stub.requests.set(path, (stub.requests.get(path) ?? 0) + 1);
    if (stub.resets > 0) {
      stub.resets -= 1;
      request.socket.destroy();
      return;
    }
    if (stub.failure === "hang") return;
    if (stub.failure !== undefined) {
      response.writeHead(stub.failure).end("broken");
      return;
    }
    void answer(request).then((body) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const stub: StubIssuer = {
    issuer: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: new Map(),
    introspected: [],
    revoked: new Set(),
    account: { username: "alice", account_type: "human", roles: ["user"] },
    failure: undefined,
    resets: 0,
    async rotate() {
      const { privateKey, publicKey } = await generateKeyPair("EdDSA");
      const kid = `key-${keys.length + 1}`;
      keys.push({
        kid,
        privateKey,
        publicJwk: { ...(await exportJWK(publicKey)), kid, alg: "EdDSA", use: "sig" },
      });
    },
    async token(claims = {}, key) {
      const current = keys.at(-1)!;
      const issuedAt = Math.floor(nowMs() / 1000);
      const payload = {
        iss: stub.issuer,
        sub: "id-alice",
        aud: "mcp",
        iat: issuedAt,
        exp: issuedAt + 3600,
        ...claims,
      };
      const token = await new SignJWT(payload)
        .setProtectedHeader({ alg: "EdDSA", kid: current.kid })
        .sign(key ?? current.privateKey);
      subjects.set(token, payload);
      return token;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
  await stub.rotate();
  return stub;
}
