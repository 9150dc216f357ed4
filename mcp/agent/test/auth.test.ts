import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { DescMethod, DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createGrpcClientTransport, type GrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { createIdentityClient } from "@metacircular/mcias/client.ts";
import { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";

/** How long a revoked token may live, and time to find out that it no longer does. */
const revokedWithinMs = 35_000;
const password = "correct horse battery staple";

interface AuditLine {
  readonly method: string;
  readonly caller: string;
  readonly outcome: string;
  readonly errorCode?: string;
  readonly durationMs: number;
}

interface Refusal {
  readonly title: string;
  readonly token: () => Promise<string | undefined>;
  readonly status: keyof typeof Code;
  readonly outcome: string;
  readonly errorCode: string;
  /** Whom the audit log names. */
  readonly caller: string;
}

let node: TestNode;
const resources = new AsyncDisposableStack();
const everyToken: string[] = [];
let revoked: { readonly token: string; readonly atMs: number };

before(async () => {
  node = resources.use(await createTestNode());
  const token = await issued("soon-revoked");
  assert.equal(await outcomeOf(McpAgent.method.nodeStatus, token), "OK", "it must be in the agent's cache");
  await node.identity.admin(["token", "revoke"], token);
  revoked = { token, atMs: performance.now() };
});
after(() => resources.disposeAsync());

async function issued(account: string, lifetime?: string): Promise<string> {
  return remembered(await node.identity.systemToken(account, lifetime));
}

function remembered(token: string): string {
  everyToken.push(token);
  return token;
}

async function loggedIn(username: string, role: string): Promise<string> {
  const { identity } = node;
  await identity.admin(["account", "add", username, "--role", role, "--password-stdin"], `${password}\n`);
  using client = createIdentityClient(identity);
  return remembered((await client.login({ username, password, serviceName: "mcp-agent" })).accessToken);
}

/** The same claims and the same key id as a good token's, signed with a key that MCIAS never had. */
async function forged(): Promise<string> {
  const [header = "", claims = ""] = (await issued("forged")).split(".");
  const { privateKey } = generateKeyPairSync("ed25519");
  const signature = sign(null, Buffer.from(`${header}.${claims}`), privateKey);
  return remembered(`${header}.${claims}.${signature.toString("base64url")}`);
}

async function expired(): Promise<string> {
  const token = await issued("expired", "1s");
  const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  const { exp } = JSON.parse(claims) as { exp: number };
  await eventually(() => assert.ok(Date.now() >= exp * 1000, "it has not expired"));
  return token;
}

async function uncachedRevoked(): Promise<string> {
  const token = await issued("revoked");
  await node.identity.admin(["token", "revoke"], token);
  return token;
}

async function whileIdentityIsDown(): Promise<string> {
  const token = await issued("unverifiable");
  await node.identity.stop();
  return token;
}

const unauthenticated = { status: "Unauthenticated", outcome: "UNAUTHENTICATED", caller: "" } as const;

const refusals: readonly Refusal[] = [
  {
    title: "no token",
    token: () => Promise.resolve(undefined),
    errorCode: "TOKEN_MISSING",
    ...unauthenticated,
  },
  {
    title: "garbage",
    token: () => Promise.resolve(remembered("c2VjcmV0LWdhcmJhZ2U")),
    errorCode: "TOKEN_INVALID",
    ...unauthenticated,
  },
  { title: "a token signed by another key", token: forged, errorCode: "TOKEN_INVALID", ...unauthenticated },
  { title: "an expired token", token: expired, errorCode: "TOKEN_EXPIRED", ...unauthenticated },
  { title: "a revoked token", token: uncachedRevoked, errorCode: "TOKEN_REVOKED", ...unauthenticated },
  {
    title: "a guest's token",
    token: () => loggedIn("gustav", "guest"),
    status: "PermissionDenied",
    outcome: "PERMISSION_DENIED",
    errorCode: "PERMISSION_DENIED",
    caller: "gustav",
  },
];

const identityDown: Refusal = {
  title: "a good token while MCIAS is down",
  token: whileIdentityIsDown,
  status: "Unavailable",
  outcome: "UNAVAILABLE",
  errorCode: "IDENTITY_UNAVAILABLE",
  caller: "",
};

function transportWith(token: string | undefined): GrpcClientTransport {
  return createGrpcClientTransport({
    address: node.agent.address,
    caFile: node.certificates.caFile,
    timeoutMs: 30_000,
    ...(token === undefined ? {} : { token: () => Promise.resolve(token) }),
  });
}

/** Calls any RPC with an empty request, and reads its answer to the end. */
async function call(method: DescMethod, transport: GrpcClientTransport): Promise<void> {
  if (isUnary(method)) {
    await transport.unary(method, undefined, undefined, undefined, {});
    return;
  }
  const requests = (async function* () {
    yield {};
  })();
  const streaming = method as DescMethodStreaming;
  const { message } = await transport.stream(streaming, undefined, undefined, undefined, requests);
  for await (const _ of message) continue;
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

/** `OK`, or the name of the status that ended the call. */
async function outcomeOf(method: DescMethod, token: string): Promise<string> {
  await using transport = transportWith(token);
  try {
    await call(method, transport);
    return "OK";
  } catch (error) {
    return Code[ConnectError.from(error).code];
  }
}

function auditLines(): AuditLine[] {
  return node.agent.program.log
    .map((line) => JSON.parse(line) as AuditLine & { msg: string })
    .filter(({ msg }) => msg === "rpc");
}

/** Every RPC of the contract is refused, and each refusal is in the audit log. */
function refusesEveryMethod({ title, token: tokenOf, status, outcome, errorCode, caller }: Refusal): void {
  test(`should refuse ${title}`, async () => {
    const token = await tokenOf();
    await using transport = transportWith(token);
    const linesBefore = auditLines().length;
    for (const method of McpAgent.methods) {
      const error = await call(method, transport).then(
        () => assert.fail(`${method.name} was served`),
        (thrown: unknown) => thrown,
      );
      assert.equal(Code[ConnectError.from(error).code], status, method.name);
      assert.equal(fromConnectError(error).code, errorCode, method.name);
    }
    await eventually(() => {
      const lines = auditLines().slice(linesBefore);
      const refused = McpAgent.methods.map(({ name }) => ({
        method: `/${McpAgent.typeName}/${name}`,
        caller,
        outcome,
        errorCode,
      }));
      assert.deepEqual(
        lines.map((line) => pick(line)),
        refused,
      );
      assert.ok(lines.every(({ durationMs }) => Number.isFinite(durationMs) && durationMs >= 0));
    });
  });
}

function pick({ method, caller, outcome, errorCode }: AuditLine): Omit<AuditLine, "durationMs"> {
  return { method, caller, outcome, ...(errorCode === undefined ? {} : { errorCode }) };
}

describe("every RPC of the contract", () => {
  refusals.forEach(refusesEveryMethod);

  for (const [who, tokenOf] of [
    ["a system account", () => issued("deployer")],
    ["an ordinary user", () => loggedIn("ulla", "user")],
  ] as const) {
    test(`should let in ${who}`, async () => {
      const token = await tokenOf();
      for (const method of McpAgent.methods) {
        const outcome = await outcomeOf(method, token);
        // An empty request names nothing that there is, which only those that got in are told.
        assert.match(outcome, /^(?:OK|InvalidArgument|NotFound)$/u, method.name);
      }
    });
  }

  test("should refuse a token 30 s after its revocation, although it was good when it was last used", async () => {
    await eventually(
      async () => assert.equal(await outcomeOf(McpAgent.method.nodeStatus, revoked.token), "Unauthenticated"),
      revokedWithinMs - (performance.now() - revoked.atMs),
    );
  });

  refusesEveryMethod(identityDown);

  test("should leave no part of a token in the log", () => {
    const log = node.agent.program.log.join("\n");
    assert.ok(everyToken.length > refusals.length);
    for (const secret of everyToken.flatMap((token) => [token, ...token.split(".").slice(1)])) {
      assert.ok(!log.includes(secret), `the log holds ${secret}`);
    }
  });
});
