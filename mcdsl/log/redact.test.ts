import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { captureLog } from "../test/captured-log.ts";
import { isSecretKey, redact } from "./redact.ts";

const jwt = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLWhlcmU";
const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
const secret = "hunter2-hunter2";

/** What is logged, and the text in it that must not come out. */
const leaks: [string, unknown, string][] = [
  ["a password field", { password: secret }, secret],
  ["a token field", { accessToken: secret }, secret],
  ["a token field in snake case", { refresh_token: secret }, secret],
  ["a secret field", { client_secret: secret }, secret],
  ["an authorization header", { headers: { authorization: secret } }, secret],
  ["a header in capitals", { headers: { Authorization: secret } }, secret],
  ["a cookie header", { headers: { "set-cookie": [secret] } }, secret],
  ["an API key", { apiKey: secret, "x-api-key": secret }, secret],
  ["a private key", { privateKey: secret }, secret],
  ["a passphrase", { passphrase: secret }, secret],
  ["a one-time code", { otp: secret, totp: secret }, secret],
  ["a field far inside", { a: [{ b: { c: { credentials: secret } } }] }, secret],
  ["a field of a map", { map: new Map([["password", secret]]) }, secret],
  ["a secret that is an object", { secret: { value: secret } }, secret],
  ["a JWT as a value", { value: jwt }, jwt],
  ["a JWT within text", { text: `got ${jwt} from the server` }, jwt],
  ["a JWT as a key", { [jwt]: 1 }, jwt],
  ["a JWT in a list", { argv: ["login", "--value", jwt] }, jwt],
  ["a bearer header in text", { text: `authorization: Bearer ${secret}` }, secret],
  ["a basic header in text", { text: "Basic aHVudGVyMjpodW50ZXIy" }, "aHVudGVyMjpodW50ZXIy"],
  ["a PEM private key", { text: pem }, pem.split("\n")[1]!],
  ["a PEM private key that is cut off", { text: pem.slice(0, 60) }, pem.slice(30, 60)],
  ["a URL with a password", { url: `https://alice:${secret}@host/x` }, secret],
  ["a URL with a user only", { url: `https://${secret}@host/x` }, secret],
  ["a URL object", { url: new URL(`https://alice:${secret}@host/x`) }, secret],
  ["a URL with a token in its query", { url: `https://host/x?access_token=${secret}&a=1` }, secret],
  ["a form", { text: `grant_type=password&password=${secret}` }, secret],
  ["JSON within text", { text: JSON.stringify({ password: secret }) }, secret],
  ["an assignment within text", { text: `MCIAS_CLIENT_SECRET='${secret}'` }, secret],
  ["what follows a command line flag", { argv: ["login", "--client-secret", secret] }, secret],
  ["a command line flag", { text: `mcias login --password=${secret}` }, secret],
  ["an error's message", { error: new Error(`bad token ${jwt}`) }, jwt],
  ["an error's cause", { error: new Error("a", { cause: new Error(`Bearer ${secret}`) }) }, secret],
  ["an error's own field", { error: Object.assign(new Error("a"), { token: secret }) }, secret],
  ["an error among several", { error: new AggregateError([new Error(`password=${secret}`)]) }, secret],
  ["an error itself", new Error(`password: ${secret}`), secret],
  ["bytes", { data: Buffer.from(secret) }, Buffer.from(secret).toString("base64")],
];

describe("the log never shows", () => {
  for (const [what, fields, forbidden] of leaks) {
    test(what, () => {
      const log = captureLog();
      log.logger.info(fields as object, "message");
      log.logger.child(fields as object).error({}, "message");
      assert.equal(log.lines.length, 2);
      assert.ok(!log.text().includes(JSON.stringify(forbidden).slice(1, -1)), log.text());
    });
  }

  for (const text of [jwt, `Bearer ${secret}`, pem, `https://a:${secret}@host`, `password=${secret}`]) {
    test(`${text.slice(0, 12)}… in its message`, () => {
      const log = captureLog();
      log.logger.warn({}, `before ${text} after`);
      assert.match(log.text(), /before .*\[redacted\].* after/);
      for (const part of [jwt, secret, pem.split("\n")[1]!]) assert.ok(!log.text().includes(part));
    });
  }
});

describe("the log still shows", () => {
  test("what is not secret", () => {
    const fields = {
      method: "/mcp.v1.McpAgent/Deploy",
      image: "localhost/hello:v1.2.3",
      url: "https://host:8443/a?b=c",
      text: "token expired; the key is missing; author: alice",
      tokenType: "bearer",
      keyFile: "/srv/a/key.pem",
      token_endpoint: "https://host/token",
      hasPassword: true,
      password: "",
      none: null,
      count: 3,
      big: 7n,
      at: new Date(0),
    };
    assert.deepEqual(redact(fields), { ...fields, big: "7", at: "1970-01-01T00:00:00.000Z" });
  });

  test("which error it was, with its causes", () => {
    const shown = redact({ error: new TypeError("outer", { cause: new Error("inner") }) });
    assert.match(
      JSON.stringify(shown),
      /"type":"TypeError","message":"outer".*"cause":\{"type":"Error","message":"inner"/,
    );
  });
});

describe("redact", () => {
  test("ends on cycles, depth, breadth and length", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    assert.deepEqual(redact(cycle), { self: "[circular]" });
    let deep: unknown = "bottom";
    for (let depth = 0; depth < 100; depth += 1) deep = { deep };
    assert.match(JSON.stringify(redact(deep)), /too deep/);
    assert.equal((redact(Array.from({ length: 1_000 }, () => 0)) as unknown[]).length, 200);
    assert.ok(JSON.stringify(redact("x".repeat(1_000_000))).length < 20_000);
  });

  test("ends on very many values", () => {
    const wide = (depth: number): unknown =>
      depth === 0 ? 1 : Array.from({ length: 50 }, () => wide(depth - 1));
    assert.ok(JSON.stringify(redact(wide(3))).length < 100_000);
  });

  test("survives getters that throw", () => {
    const hostile = Object.defineProperty({}, "a", {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
    assert.deepEqual(redact(hostile), { a: "[unreadable]" });
  });

  test("is quick on hostile text", () => {
    const before = process.cpuUsage();
    for (const piece of ["a", "eyJ", "-----BEGIN A PRIVATE KEY-----", "token=", "https://", "bearer ", '"']) {
      redact(piece.repeat(5_000));
    }
    const { user, system } = process.cpuUsage(before);
    assert.ok((user + system) / 1_000 < 2_000, `${user + system} µs`);
  });
});

describe("isSecretKey", () => {
  test("knows secrets from what is about them", () => {
    for (const key of [
      "password",
      "userPassword",
      "Cookie",
      "jwt",
      "secretKey",
      "signing_key",
      "keyMaterial",
      "pin",
    ]) {
      assert.ok(isSecretKey(key), key);
    }
    for (const key of ["key", "keyFile", "kid", "tokenId", "expires", "author", "spin", "tokenExpiresAt"]) {
      assert.ok(!isSecretKey(key), key);
    }
  });
});
