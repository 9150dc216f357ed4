import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { verified } from "./client-process.ts";
import { issue, readyOrder, serveChallenges, signingRequest, identifiers } from "./order-flow.ts";
import { RawClient } from "./raw-client.ts";
import { startAcme } from "./running-acme.ts";

for (const rootIssues of [true, false]) {
  const authority = rootIssues ? "a root" : "an authority below the root";
  test(`issues for names that http-01 validates; the chain from ${authority} has two certificates and verifies`, async () => {
    await using acme = await startAcme({ rootIssues });
    await using pages = await serveChallenges(acme.httpPort);
    const client = await RawClient.create(acme);
    await client.open();
    const { chain } = await issue(client, pages, ["a.example.test", "b.example.test"]);
    const file = join(acme.directory, "chain.pem");
    await writeFile(file, chain);
    const certificate = await verified(acme, file, "b.example.test");
    assert.equal(certificate.subjectAltName, "DNS:a.example.test, DNS:b.example.test");
    assert.equal(chain.split("BEGIN CERTIFICATE").length, 3);
  });
}

test("issues for IP addresses by http-01, and offers no dns-01 for them", async () => {
  await using acme = await startAcme();
  await using pages = await serveChallenges(acme.httpPort);
  const client = await RawClient.create(acme);
  await client.open();
  const opened = await client.post("new-order", { identifiers: identifiers("127.0.0.1") });
  const { json } = await client.post(opened.json.authorizations[0]!);
  const offered = json.challenges.map(({ type }) => type);
  assert.deepEqual(offered, ["http-01", "tls-alpn-01"]);
  const { chain } = await issue(client, pages, ["127.0.0.1"]);
  assert.equal(new X509Certificate(chain).subjectAltName, "IP Address:127.0.0.1");
});

test("issues a wildcard by dns-01 only, also where the name of the record is an alias", async () => {
  await using acme = await startAcme();
  const client = await RawClient.create(acme);
  await client.open();
  const order = await client.post("new-order", { identifiers: identifiers("*.example.test") });
  const url = order.json.authorizations[0]!;
  const { json } = await client.post(url);
  assert.equal(json.wildcard, true);
  assert.deepEqual(json.identifier, { type: "dns", value: "example.test" });
  assert.deepEqual(
    json.challenges.map(({ type }) => type),
    ["dns-01"],
  );
  const challenge = json.challenges[0]!;
  acme.names.aliases.set("_acme-challenge.example.test", "elsewhere.test");
  acme.names.texts.set("elsewhere.test", ["something else", client.dnsValue(challenge.token)]);
  await client.post(challenge.url, {});
  await eventually(async () => assert.equal((await client.post(url)).json.status, "valid"));
  const csr = await signingRequest(["*.example.test"]);
  const finalized = await client.post(order.json.finalize, { csr });
  const { text } = await client.post(finalized.json.certificate);
  assert.equal(new X509Certificate(text).subjectAltName, "DNS:*.example.test");
});

test("uses a valid authorization again for the next order, and not another account's", async () => {
  await using acme = await startAcme();
  await using pages = await serveChallenges(acme.httpPort);
  const client = await RawClient.create(acme);
  await client.open();
  await issue(client, pages, ["a.example.test"]);
  const again = await client.post("new-order", { identifiers: identifiers("a.example.test") });
  assert.equal(again.json.status, "ready");
  const other = await RawClient.create(acme);
  await other.open();
  const theirs = await other.post("new-order", { identifiers: identifiers("a.example.test") });
  assert.equal(theirs.json.status, "pending");
});

test("makes the order invalid when validation fails, and says why for each identifier", async () => {
  await using acme = await startAcme({ config: { validation_attempts: 2 } });
  await using pages = await serveChallenges(acme.httpPort);
  const client = await RawClient.create(acme);
  await client.open();
  const order = await client.post("new-order", { identifiers: identifiers("a.example.test") });
  const { json } = await client.post(order.json.authorizations[0]!);
  const challenge = json.challenges.find((each) => each.type === "http-01")!;
  const begun = await client.post(challenge.url, {});
  assert.equal(begun.json.status, "processing");
  assert.equal(begun.headers["retry-after"], "1");
  const location = String(order.headers.location);
  await eventually(async () => assert.equal((await client.post(location)).json.status, "invalid"));
  assert.equal(pages.asked.length, 2);
  const { error } = (await client.post(location)).json;
  assert.equal(error.type, "urn:ietf:params:acme:error:unauthorized");
  assert.deepEqual(error.subproblems[0]!.identifier, { type: "dns", value: "a.example.test" });
  assert.match(error.subproblems[0]!.detail, /answered with status 404/);
});

test("lists the orders of an account", async () => {
  await using acme = await startAcme();
  await using pages = await serveChallenges(acme.httpPort);
  const client = await RawClient.create(acme);
  const account = await client.open();
  const { url } = await readyOrder(client, pages, "a.example.test");
  const { json } = await client.post(String(account.json.orders));
  assert.deepEqual(json.orders, [url]);
});
