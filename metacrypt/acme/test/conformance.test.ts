import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { exportJWK } from "jose";
import { bindingFor } from "./external-account.ts";
import { identifiers, serveChallenges } from "./order-flow.ts";
import { fetchRaw, type RawAnswer, RawClient, type SignOptions } from "./raw-client.ts";
import { type RunningAcme, startAcme } from "./running-acme.ts";

// What RFC 8555 demands of requests, with the section of each demand.

let acme: RunningAcme;
let client: RawClient;
before(async () => {
  acme = await startAcme();
  client = await RawClient.create(acme);
  await client.open();
});
after(() => acme[Symbol.asyncDispose]());

function problem(answer: RawAnswer, type: string, status: number): void {
  assert.equal(answer.json.type, `urn:ietf:params:acme:error:${type}`, answer.text);
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers["content-type"], "application/problem+json");
  assert.match(String(answer.headers["link"]), /directory>;rel="index"/u);
}

const anOrder = { identifiers: identifiers("a.example.test") };

describe("requests (6)", () => {
  for (const alg of ["ES256", "ES384", "ES512", "RS256", "EdDSA"]) {
    test(`keys for ${alg} are accepted (6.2)`, async () => {
      const other = await RawClient.create(acme, alg);
      assert.equal((await other.open()).status, 201);
      assert.equal((await other.post(String(other.kid))).json.status, "valid");
    });
  }

  const cases: readonly [string, unknown, SignOptions, string, number][] = [
    [
      "a url that is another than where it was sent (6.4)",
      anOrder,
      { url: "https://localhost/x" },
      "unauthorized",
      401,
    ],
    ["no nonce (6.5)", anOrder, { nonce: null }, "badNonce", 400],
    ["a nonce from elsewhere (6.5)", anOrder, { nonce: "AAAA" }, "badNonce", 400],
    ["a nonce that is not base64url (6.5.2)", anOrder, { nonce: "a+b=" }, "malformed", 400],
    ["jwk and kid together (6.2)", anOrder, { header: { jwk: { kty: "EC" } } }, "malformed", 400],
    ["neither jwk nor kid (6.2)", anOrder, { header: { kid: undefined } }, "malformed", 400],
    ["no url (6.2)", anOrder, { header: { url: undefined } }, "malformed", 400],
    [
      "a kid that is no account (6.2)",
      anOrder,
      { header: { kid: "https://localhost/none" } },
      "accountDoesNotExist",
      400,
    ],
    [
      "a critical header parameter (6.2)",
      anOrder,
      { header: { b64: true, crit: ["b64"] } },
      "malformed",
      400,
    ],
  ];
  for (const [what, payload, options, type, status] of cases) {
    test(`${what} is refused with ${type}`, async () => {
      problem(await client.post("new-order", payload, options), type, status);
    });
  }

  test("a nonce is good once, and every answer to a POST has a fresh one (6.5)", async () => {
    const nonce = await client.nonce();
    const first = await client.post("new-order", anOrder, { nonce });
    assert.equal(first.status, 201);
    const second = await client.post("new-order", anOrder, { nonce });
    problem(second, "badNonce", 400);
    const again = await client.post("new-order", anOrder, { nonce: String(second.headers["replay-nonce"]) });
    assert.equal(again.status, 201);
  });

  test("a request whose payload was exchanged is refused (6.2)", async () => {
    const signed = (await client.sign("new-order", anOrder)) as Record<string, string>;
    const payload = Buffer.from(JSON.stringify({ identifiers: identifiers("b.example.test") }));
    problem(
      await client.send("new-order", { ...signed, payload: payload.toString("base64url") }),
      "malformed",
      400,
    );
  });

  test("an unprotected header and several signatures are refused (6.2)", async () => {
    const signed = await client.sign("new-order", anOrder);
    problem(await client.send("new-order", { ...signed, header: {} }), "malformed", 400);
    problem(await client.send("new-order", { ...signed, signatures: [] }), "malformed", 400);
  });

  test("MACs and `none` are no signatures, and the answer says what is (6.2)", async () => {
    for (const alg of ["HS256", "none", "RS1"]) {
      const header = Buffer.from(
        JSON.stringify({ alg, url: client.url("new-order"), kid: client.kid, nonce: "AA" }),
      );
      const body = { protected: header.toString("base64url"), payload: "", signature: "" };
      const answer = await client.send("new-order", body);
      problem(answer, "badSignatureAlgorithm", 400);
      assert.ok(answer.json.algorithms.includes("ES256"));
    }
  });

  test("an algorithm that does not fit the key is refused (6.2)", async () => {
    for (const alg of ["RS256", "ES384", "EdDSA"]) {
      const fields = { alg, url: client.url("new-order"), kid: client.kid, nonce: "AA" };
      const header = Buffer.from(JSON.stringify(fields)).toString("base64url");
      const answer = await client.send("new-order", { protected: header, payload: "", signature: "AA" });
      problem(answer, "badSignatureAlgorithm", 400);
    }
  });

  test("weak keys and private keys are refused (6.2)", async () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1_024 });
    const weak = { kid: undefined, jwk: await exportJWK(publicKey), alg: "RS256" };
    const header = Buffer.from(JSON.stringify({ ...weak, url: client.url("new-account"), nonce: "AA" }));
    const body = { protected: header.toString("base64url"), payload: "", signature: "" };
    problem(await client.send("new-account", body), "badPublicKey", 400);
    const fresh = await RawClient.create(acme);
    const secret = await fresh.post("new-account", {}, { header: { jwk: { ...fresh.jwk, d: "AAAA" } } });
    problem(secret, "badPublicKey", 400);
  });

  test("a key with what decoders overlook is refused, lest it has many accounts", async () => {
    const fresh = await RawClient.create(acme);
    for (const x of [`${fresh.jwk.x}=`, ` ${fresh.jwk.x}`, `${fresh.jwk.x}!`, "A".repeat(20_000)]) {
      const answer = await fresh.post("new-account", {}, { header: { jwk: { ...fresh.jwk, x } } });
      problem(answer, "badPublicKey", 400);
    }
  });

  test("keys of a kind that there is not are refused, whatever they call it", async () => {
    const fresh = await RawClient.create(acme);
    for (const kty of ["oct", "constructor", "__proto__", "", null, ["EC"], { toString: 1 }]) {
      const answer = await fresh.post("new-account", {}, { header: { jwk: { ...fresh.jwk, kty } } });
      problem(answer, "badPublicKey", 400);
    }
  });

  test("another content type is refused with 415, a body that is too large with 413 (6.2)", async () => {
    const signed = await client.sign("new-order", anOrder);
    const typed = await client.send("new-order", signed, "application/json");
    problem(typed, "malformed", 415);
    const large = await fetchRaw(
      acme,
      "POST",
      client.url("new-order"),
      "x".repeat(200_000),
      "application/jose+json",
    );
    problem(large, "malformed", 413);
  });

  test("what is not JSON is refused", async () => {
    const url = client.url("new-order");
    problem(await fetchRaw(acme, "POST", url, "{", "application/jose+json"), "malformed", 400);
    problem(await fetchRaw(acme, "POST", url, "[]", "application/jose+json"), "malformed", 400);
  });

  test("resources are read by POST-as-GET only (6.3)", async () => {
    problem(await client.get(String(client.kid)), "malformed", 405);
    const order = await client.post("new-order", anOrder);
    problem(await client.post(String(order.headers.location), {}), "malformed", 400);
  });

  test("unknown resources and mounts are not found", async () => {
    problem(await client.get("nothing"), "malformed", 404);
    problem(await client.post("order/00"), "malformed", 404);
    problem(await fetchRaw(acme, "GET", `${acme.origin}/acme/other/directory`), "malformed", 404);
  });
});

describe("the directory and nonces (7.1.1, 7.2)", () => {
  test("the directory names all resources, and that no binding is needed", async () => {
    const { json } = await client.get("directory");
    const fields = ["keyChange", "meta", "newAccount", "newNonce", "newOrder", "renewalInfo", "revokeCert"];
    assert.deepEqual(Object.keys(json).toSorted(), fields);
    assert.equal(json.meta["externalAccountRequired"], false);
  });

  test("HEAD of newNonce answers 200 and GET 204, not to be cached", async () => {
    const [head, get] = [await client.get("new-nonce", "HEAD"), await client.get("new-nonce")];
    assert.deepEqual([head.status, get.status], [200, 204]);
    assert.notEqual(head.headers["replay-nonce"], get.headers["replay-nonce"]);
    assert.equal(get.headers["cache-control"], "no-store");
  });
});

describe("accounts (7.3)", () => {
  test("a key has one account: it is found again (7.3.1)", async () => {
    const other = await RawClient.create(acme);
    const made = await other.open({ contact: ["mailto:a@example.test"] });
    const kid = other.kid;
    other.kid = undefined;
    const found = await other.open({ onlyReturnExisting: true });
    assert.deepEqual([made.status, found.status, found.headers.location], [201, 200, kid]);
    assert.deepEqual(found.json.contact, ["mailto:a@example.test"]);
  });

  test("onlyReturnExisting makes none (7.3.1)", async () => {
    const other = await RawClient.create(acme);
    problem(await other.open({ onlyReturnExisting: true }), "accountDoesNotExist", 400);
  });

  test("newAccount takes jwk only, everything else kid only (6.2)", async () => {
    problem(await client.post("new-account", {}), "malformed", 400);
    const other = await RawClient.create(acme);
    problem(await other.post("new-order", anOrder), "malformed", 400);
  });

  for (const [contact, type] of [
    ["tel:+1", "unsupportedContact"],
    ["mailto:", "invalidContact"],
    ["mailto:a@b.test,c@d.test", "invalidContact"],
    ["mailto:a@b.test?subject=x", "invalidContact"],
  ] as const) {
    test(`the contact ${contact} is refused with ${type} (7.3)`, async () => {
      const other = await RawClient.create(acme);
      problem(await other.open({ contact: [contact] }), type, 400);
    });
  }

  test("contacts can be changed, the status only to deactivated (7.3.2)", async () => {
    const other = await RawClient.create(acme);
    await other.open();
    const changed = await other.post(String(other.kid), { contact: ["mailto:new@example.test"] });
    assert.deepEqual(changed.json.contact, ["mailto:new@example.test"]);
    problem(await other.post(String(other.kid), { status: "revoked" }), "malformed", 400);
  });

  test("a deactivated account can do nothing any more, nor come back (7.3.6)", async () => {
    const other = await RawClient.create(acme);
    await other.open();
    const gone = await other.post(String(other.kid), { status: "deactivated" });
    assert.equal(gone.json.status, "deactivated");
    problem(await other.post("new-order", anOrder), "unauthorized", 401);
    other.kid = undefined;
    problem(await other.open(), "unauthorized", 401);
  });

  test("another account's resources are nobody's business (7.1, 10.5)", async () => {
    const order = await client.post("new-order", anOrder);
    const other = await RawClient.create(acme);
    await other.open();
    for (const url of [String(client.kid), `${client.kid}/orders`, String(order.headers.location)]) {
      problem(await other.post(url), "unauthorized", 403);
    }
    const [authorization = ""] = order.json.authorizations;
    problem(await other.post(authorization), "unauthorized", 403);
    const { json } = await client.post(authorization);
    problem(await other.post(json.challenges[0]!.url, {}), "unauthorized", 403);
  });

  test("terms of service have to be agreed to where there are some (7.3)", async () => {
    await using strict = await startAcme({ settings: { termsOfServiceUrl: "https://example.test/terms" } });
    const other = await RawClient.create(strict);
    const refused = await other.open();
    problem(refused, "userActionRequired", 403);
    assert.match(String(refused.headers["link"]), /<https:\/\/example.test\/terms>;rel="terms-of-service"/u);
    assert.equal((await other.open({ termsOfServiceAgreed: true })).status, 201);
  });
});

describe("external account bindings (7.3.4)", () => {
  test("are demanded, verified, shown and end with their revocation", async () => {
    await using strict = await startAcme({ settings: { externalAccountRequired: true } });
    await using pages = await serveChallenges(strict.httpPort);
    assert.equal(pages.asked.length, 0);
    const { keyId, hmacKey } = bindingFor(strict, "web");
    const other = await RawClient.create(strict);
    problem(await other.open(), "externalAccountRequired", 403);
    const open = async (header: Record<string, unknown>, key = hmacKey, kid = keyId) =>
      other.open({ externalAccountBinding: await other.externalBinding(kid, key, header) });
    problem(await open({}, hmacKey.toUpperCase()), "unauthorized", 403);
    problem(await open({}, hmacKey, "0000"), "unauthorized", 403);
    problem(await open({ url: "https://localhost/x" }), "malformed", 400);
    problem(await open({ nonce: "AAAA" }), "malformed", 400);
    const stranger = await RawClient.create(strict);
    const theirs = await stranger.externalBinding(keyId, hmacKey);
    problem(await other.open({ externalAccountBinding: theirs }), "malformed", 400);
    const opened = await open({});
    assert.equal(opened.status, 201);
    assert.notEqual(opened.json.externalAccountBinding, undefined);
  });
});
