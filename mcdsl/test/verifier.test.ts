import { generateKeyPair } from "jose";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createTokenVerifier, type TokenVerifierOptions } from "../auth/verifier.ts";
import type { TokenVerifier } from "../auth/identity.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { startStubIssuer, type StubIssuer } from "./stub-issuer.ts";

let certificates: Certificates;
before(() => {
  certificates = makeCertificates();
});
after(() => certificates[Symbol.dispose]());

interface Fixture extends AsyncDisposable {
  readonly stub: StubIssuer;
  readonly verifier: TokenVerifier;
  /** Moves the clock. */
  pass(durationMs: number): void;
}

async function setUp(options: Partial<TokenVerifierOptions> = {}): Promise<Fixture> {
  await using stack = new AsyncDisposableStack();
  let nowMs = 1_800_000_000_000;
  const clock = { now: () => nowMs, sleep: () => Promise.resolve() };
  const stub = stack.use(await startStubIssuer(certificates, clock.now));
  const verifier = stack.use(
    createTokenVerifier({
      issuer: stub.issuer,
      caFile: certificates.caFile,
      introspectionToken: async () => "our-own-token",
      clock,
      ...options,
    }),
  );
  const owned = stack.move();
  return {
    stub,
    verifier,
    pass(durationMs) {
      nowMs += durationMs;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe("a token", () => {
  test("that is good tells who calls", async () => {
    await using fixture = await setUp({ audience: "mcp" });
    const identity = await fixture.verifier.verify(await fixture.stub.token());
    assert.deepEqual(identity, {
      subject: "id-alice",
      name: "alice",
      kind: "human",
      roles: ["user"],
      expiresAtMs: 1_800_003_600_000,
    });
    assert.equal(fixture.stub.introspected[0]?.authorization, "Bearer our-own-token");
  });

  const bad: [string, string, (stub: StubIssuer) => Promise<string>][] = [
    ["that is no token", "TOKEN_INVALID", async () => "garbage"],
    ["that only looks like one", "TOKEN_INVALID", async () => "eyJhbGciOiJFZERTQSJ9.e30.AAAA"],
    ["that is endless", "TOKEN_INVALID", async () => `${"a".repeat(20_000)}.b.c`],
    [
      "signed by another key of the same id",
      "TOKEN_INVALID",
      async (stub) => stub.token({}, (await generateKeyPair("EdDSA")).privateKey),
    ],
    ["of another issuer", "TOKEN_INVALID", (stub) => stub.token({ iss: "https://other" })],
    ["for another audience", "TOKEN_INVALID", (stub) => stub.token({ aud: "other" })],
    ["without a subject", "TOKEN_INVALID", (stub) => stub.token({ sub: undefined })],
    ["without an end", "TOKEN_INVALID", (stub) => stub.token({ exp: undefined })],
    ["that has expired", "TOKEN_EXPIRED", (stub) => stub.token({ exp: 1_700_000_000 })],
  ];
  for (const [what, code, tokenOf] of bad) {
    test(`${what} is refused without asking the provider about it`, async () => {
      await using fixture = await setUp({ audience: "mcp" });
      const token = await tokenOf(fixture.stub);
      await assert.rejects(fixture.verifier.verify(token), { code, category: "unauthenticated" });
      assert.equal(fixture.stub.introspected.length, 0);
    });
  }

  test("that was signed by a key for another algorithm is refused", async () => {
    await using fixture = await setUp();
    const [, payload] = (await fixture.stub.token()).split(".");
    const header = Buffer.from(JSON.stringify({ alg: "none", kid: "key-1" })).toString("base64url");
    await assert.rejects(fixture.verifier.verify(`${header}.${payload}.AA`), { code: "TOKEN_INVALID" });
  });

  test("that is revoked is refused at the latest after 30 s", async () => {
    await using fixture = await setUp();
    const token = await fixture.stub.token();
    await fixture.verifier.verify(token);
    fixture.stub.revoked.add(token);
    fixture.pass(29_999);
    await fixture.verifier.verify(token);
    fixture.pass(1);
    await assert.rejects(fixture.verifier.verify(token), {
      code: "TOKEN_REVOKED",
      category: "unauthenticated",
    });
    assert.equal(fixture.stub.introspected.length, 2);
  });

  test("that was refused is not asked about again for 30 s", async () => {
    await using fixture = await setUp();
    const token = await fixture.stub.token();
    fixture.stub.revoked.add(token);
    for (let count = 0; count < 3; count += 1) {
      await assert.rejects(fixture.verifier.verify(token), { code: "TOKEN_REVOKED" });
    }
    assert.equal(fixture.stub.introspected.length, 1);
  });

  test("never counts past its end, even when the answer is remembered", async () => {
    await using fixture = await setUp();
    const token = await fixture.stub.token({ exp: 1_800_000_010 });
    await fixture.verifier.verify(token);
    fixture.pass(10_000);
    await assert.rejects(fixture.verifier.verify(token), { code: "TOKEN_EXPIRED" });
  });

  test("that the provider knows as another account's is refused", async () => {
    await using fixture = await setUp();
    fixture.stub.account = { ...fixture.stub.account, sub: "id-bob" };
    await assert.rejects(fixture.verifier.verify(await fixture.stub.token()), { code: "TOKEN_INVALID" });
  });

  test("signed with a new key is good at once, and unknown keys do not hammer the provider", async () => {
    await using fixture = await setUp();
    await fixture.verifier.verify(await fixture.stub.token());
    fixture.pass(5_000);
    await fixture.stub.rotate();
    const rotated = await Promise.all([fixture.stub.token(), fixture.stub.token({ jti: "2" })]);
    await Promise.all(rotated.map((token) => fixture.verifier.verify(token)));
    assert.equal(fixture.stub.requests.get("/jwks"), 2);
    const [, payload] = rotated[0].split(".");
    for (let count = 0; count < 5; count += 1) {
      const header = Buffer.from(JSON.stringify({ alg: "EdDSA", kid: `made-up-${count}` })).toString(
        "base64url",
      );
      const token = `${header}.${payload}.AAAA`;
      await assert.rejects(fixture.verifier.verify(token), { code: "TOKEN_INVALID" });
    }
    assert.equal(fixture.stub.requests.get("/jwks"), 2);
  });

  test("is asked about once, however many ask at the same time", async () => {
    await using fixture = await setUp();
    const token = await fixture.stub.token();
    await Promise.all(Array.from({ length: 20 }, () => fixture.verifier.verify(token)));
    assert.equal(fixture.stub.introspected.length, 1);
    assert.equal(fixture.stub.requests.get("/jwks"), 1);
  });

  test("is forgotten when too many others were seen", async () => {
    await using fixture = await setUp({ cacheEntries: 2 });
    const tokens = await Promise.all(["1", "2", "3"].map((jti) => fixture.stub.token({ jti })));
    for (const token of tokens) await fixture.verifier.verify(token);
    await fixture.verifier.verify(tokens[2]!);
    assert.equal(fixture.stub.introspected.length, 3);
    await fixture.verifier.verify(tokens[0]!);
    assert.equal(fixture.stub.introspected.length, 4);
  });

  test("can be given up on by its caller without disturbing others who wait", async () => {
    await using fixture = await setUp();
    const token = await fixture.stub.token();
    const abort = new AbortController();
    const reason = new Error("hung up");
    const gaveUp = fixture.verifier.verify(token, abort.signal);
    const waited = fixture.verifier.verify(token);
    abort.abort(reason);
    await assert.rejects(gaveUp, reason);
    assert.equal((await waited).name, "alice");
  });
});

describe("without a provider that works, the answer is neither yes nor no", () => {
  const unavailable = { code: "IDENTITY_UNAVAILABLE", category: "unavailable" };

  for (const failure of [500, 503, 404, 302, 401, "hang"] as const) {
    test(`when it answers ${failure}, at the first question or later`, async () => {
      await using fixture = await setUp({ timeoutMs: 200 });
      const [first, second] = [await fixture.stub.token(), await fixture.stub.token({ jti: "2" })];
      fixture.stub.failure = failure;
      await assert.rejects(fixture.verifier.verify(first), unavailable);
      fixture.stub.failure = undefined;
      await fixture.verifier.verify(first);
      fixture.stub.failure = failure;
      await assert.rejects(fixture.verifier.verify(second), unavailable);
      fixture.stub.failure = undefined;
      await fixture.verifier.verify(second);
    });
  }

  test("but one connection that breaks does not matter", async () => {
    await using fixture = await setUp();
    fixture.stub.resets = 1;
    assert.equal((await fixture.verifier.verify(await fixture.stub.token())).name, "alice");
    fixture.stub.resets = 2;
    await assert.rejects(fixture.verifier.verify(await fixture.stub.token({ jti: "2" })), unavailable);
  });

  test("when it is down, except for what is remembered", async () => {
    await using fixture = await setUp();
    const token = await fixture.stub.token();
    const other = await fixture.stub.token({ jti: "2" });
    await fixture.verifier.verify(token);
    await fixture.stub[Symbol.asyncDispose]();
    await fixture.verifier.verify(token);
    await assert.rejects(fixture.verifier.verify(other), unavailable);
    fixture.pass(30_000);
    await assert.rejects(fixture.verifier.verify(token), unavailable);
  });

  test("when its certificate is not trusted", async () => {
    using others = makeCertificates();
    await using fixture = await setUp({ caFile: others.caFile });
    await assert.rejects(fixture.verifier.verify(await fixture.stub.token()), unavailable);
  });

  test("when it claims to be another issuer", async () => {
    await using fixture = await setUp();
    const issuer = fixture.stub.issuer.replace("127.0.0.1", "localhost");
    await using other = await setUp({ issuer });
    await assert.rejects(other.verifier.verify(await fixture.stub.token()), unavailable);
  });

  const unusable: [string, Record<string, unknown>][] = [
    ["no name", { username: undefined }],
    ["no kind of account", { account_type: "robot" }],
    ["roles that are no list", { roles: "admin" }],
    ["an end that is no time", { exp: "tomorrow" }],
  ];
  for (const [what, account] of unusable) {
    test(`when it answers ${what}`, async () => {
      await using fixture = await setUp();
      fixture.stub.account = { ...fixture.stub.account, ...account };
      await assert.rejects(fixture.verifier.verify(await fixture.stub.token()), unavailable);
    });
  }

  test("when this service has no token of its own", async () => {
    await using fixture = await setUp({
      introspectionToken: () => Promise.reject(new Error("no such file")),
    });
    await assert.rejects(fixture.verifier.verify(await fixture.stub.token()), unavailable);
  });
});
