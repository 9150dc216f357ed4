import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import { exportJWK } from "jose";
import { certificateId } from "../renewal.ts";
import { certificateKey, identifiers, issue, readyOrder, serveChallenges } from "./order-flow.ts";
import { type RawAnswer, RawClient, type SignOptions } from "./raw-client.ts";
import { type RunningAcme, startAcme } from "./running-acme.ts";

function problem(answer: RawAnswer, type: string, status: number): void {
  assert.equal(answer.json.type, `urn:ietf:params:acme:error:${type}`, answer.text);
  assert.equal(answer.status, status, answer.text);
}

async function opened(acme: RunningAcme): Promise<RawClient> {
  const client = await RawClient.create(acme);
  assert.equal((await client.open()).status, 201);
  return client;
}

/** What the new key signs; a test changes parts of it. */
async function inner(
  client: RawClient,
  next: RawClient,
  payload: Record<string, unknown> = {},
  options: SignOptions = {},
): Promise<object> {
  const good = { account: client.kid, oldKey: client.jwk };
  return next.sign("key-change", { ...good, ...payload }, { nonce: null, ...options });
}

describe("key change (7.3.5)", () => {
  test("gives the account a new key, and the old one is worth nothing any more", async () => {
    await using acme = await startAcme();
    const [client, next] = [await opened(acme), await RawClient.create(acme, "ES384")];
    assert.equal((await client.post("key-change", await inner(client, next))).status, 200);
    next.kid = client.kid;
    assert.equal((await next.post(String(next.kid))).json.status, "valid");
    problem(await client.post(String(client.kid)), "badSignatureAlgorithm", 400);
    const former = await client.post("new-account", {}, { header: { kid: undefined, jwk: client.jwk } });
    assert.equal(former.status, 201);
  });

  test("is refused where inner and outer do not belong together", async () => {
    await using acme = await startAcme();
    const [client, next, other] = [await opened(acme), await RawClient.create(acme), await opened(acme)];
    const change = async (body: object | Promise<object>) => client.post("key-change", await body);
    problem(await change(inner(client, next, { account: other.kid })), "malformed", 400);
    problem(await change(inner(client, next, { oldKey: next.jwk })), "malformed", 400);
    problem(await change(inner(client, next, {}, { nonce: await client.nonce() })), "malformed", 400);
    problem(await change(inner(client, next, {}, { url: client.url("new-order") })), "malformed", 400);
    next.kid = client.kid;
    problem(await change(inner(client, next)), "malformed", 400);
    next.kid = undefined;
    const signed = (await inner(client, next)) as Record<string, string>;
    problem(await change({ ...signed, signature: "AAAA" }), "malformed", 400);
    assert.equal((await client.post(String(client.kid))).json.status, "valid");
  });

  test("cannot take over the key of another account, and says whose it is", async () => {
    await using acme = await startAcme();
    const [client, other] = [await opened(acme), await opened(acme)];
    const location = other.kid;
    other.kid = undefined;
    const answer = await client.post("key-change", await inner(client, other));
    problem(answer, "malformed", 409);
    assert.equal(answer.headers.location, location);
  });
});

describe("revocation (7.6)", () => {
  test("is for the account that ordered, once, with a reason that exists", async () => {
    await using acme = await startAcme();
    await using pages = await serveChallenges(acme.httpPort);
    const client = await opened(acme);
    const { chain } = await issue(client, pages, ["a.example.test"]);
    const certificate = new X509Certificate(chain).raw.toString("base64url");
    const stranger = await opened(acme);
    problem(await stranger.post("revoke-certificate", { certificate }), "unauthorized", 403);
    for (const reason of [2, 7, 8, 11, "1"]) {
      problem(await client.post("revoke-certificate", { certificate, reason }), "badRevocationReason", 400);
    }
    assert.equal((await client.post("revoke-certificate", { certificate, reason: 1 })).status, 200);
    problem(await client.post("revoke-certificate", { certificate }), "alreadyRevoked", 400);
    assert.equal(
      acme.authority.find(new X509Certificate(chain).serialNumber)?.revocation?.reason,
      "keyCompromise",
    );
  });

  test("is for whoever has the certificate's key, and for an account authorised for all its names", async () => {
    await using acme = await startAcme();
    await using pages = await serveChallenges(acme.httpPort);
    const client = await opened(acme);
    const privateKey = certificateKey();
    const first = await issue(client, pages, ["a.example.test"], { privateKey });
    const second = await issue(client, pages, ["a.example.test", "b.example.test"]);
    const der = ({ chain }: { chain: string }) => new X509Certificate(chain).raw.toString("base64url");

    const holder = await RawClient.create(acme);
    const wrong = await holder.post("revoke-certificate", { certificate: der(first) });
    problem(wrong, "unauthorized", 403);
    const held = RawClient.of(acme, privateKey, await exportJWK(privateKey));
    assert.equal((await held.post("revoke-certificate", { certificate: der(first) })).status, 200);

    const other = await opened(acme);
    await readyOrder(other, pages, "a.example.test");
    problem(await other.post("revoke-certificate", { certificate: der(second) }), "unauthorized", 403);
    await readyOrder(other, pages, "b.example.test");
    assert.equal((await other.post("revoke-certificate", { certificate: der(second) })).status, 200);
  });

  test("is refused for what is no certificate, and for others' certificates", async () => {
    await using acme = await startAcme();
    await using elsewhere = await startAcme();
    await using pages = await serveChallenges(elsewhere.httpPort);
    const client = await opened(acme);
    problem(await client.post("revoke-certificate", { certificate: "AAAA" }), "malformed", 400);
    problem(await client.post("revoke-certificate", {}), "malformed", 400);
    const { chain } = await issue(await opened(elsewhere), pages, ["a.example.test"]);
    const certificate = new X509Certificate(chain).raw.toString("base64url");
    problem(await client.post("revoke-certificate", { certificate }), "malformed", 404);
  });

  test("is refused for authorities: to have no names is not to be authorised for all of them", async () => {
    await using acme = await startAcme();
    const client = await opened(acme);
    const { encoded, serialNumber } = acme.authority.authorities.get("issuing").certificate;
    const certificate = Buffer.from(encoded).toString("base64url");
    problem(await client.post("revoke-certificate", { certificate }), "unauthorized", 403);
    assert.equal(acme.authority.get(serialNumber).revocation, undefined);
  });
});

describe("renewal information (RFC 9773)", () => {
  test("suggests a window in the certificate's life, and one that is over once it is revoked", async () => {
    await using acme = await startAcme();
    await using pages = await serveChallenges(acme.httpPort);
    const client = await opened(acme);
    const { chain } = await issue(client, pages, ["a.example.test"]);
    const certificate = new X509Certificate(chain);
    const url = `renewal-info/${certificateId(chain)}`;
    const { json, headers, status } = await client.get(url);
    assert.equal(status, 200);
    assert.ok(Number(headers["retry-after"]) >= 60);
    const [start, end] = [Date.parse(json.suggestedWindow.start), Date.parse(json.suggestedWindow.end)];
    assert.ok(Date.now() < start && start < end && end < certificate.validToDate.getTime());
    await client.post("revoke-certificate", { certificate: certificate.raw.toString("base64url") });
    assert.ok(Date.parse((await client.get(url)).json.suggestedWindow.end) <= Date.now());
    problem(await client.get("renewal-info/AAAA.AAAA"), "malformed", 404);
    problem(await client.get("renewal-info/x"), "malformed", 404);
  });

  test("an order replaces a certificate of its own account with a name in common, once", async () => {
    await using acme = await startAcme({ settings: { ordersPerIdentifierHour: 1 } });
    await using pages = await serveChallenges(acme.httpPort);
    const client = await opened(acme);
    const replaces = certificateId((await issue(client, pages, ["a.example.test"])).chain);
    const order = (who: RawClient, name: string, id = replaces) =>
      who.post("new-order", { identifiers: identifiers(name), replaces: id });
    problem(await order(client, "b.example.test"), "malformed", 400);
    problem(await order(client, "a.example.test", "AAAA.AAAA"), "malformed", 400);
    problem(await order(await opened(acme), "a.example.test"), "unauthorized", 403);
    // Its limit is used up: a renewal does not count.
    problem(
      await client.post("new-order", { identifiers: identifiers("a.example.test") }),
      "rateLimited",
      429,
    );
    const renewal = await order(client, "a.example.test");
    assert.deepEqual([renewal.status, renewal.json.replaces], [201, replaces]);
    problem(await order(client, "a.example.test"), "alreadyReplaced", 409);
  });
});
