import assert from "node:assert/strict";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setDefaultCACertificates, getCACertificates } from "node:tls";
import { readFileSync } from "node:fs";
import { Client, crypto as acmeCrypto } from "acme-client";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { type RunningMetacrypt, runMetacrypt } from "@metacircular/testkit/metacrypt.ts";
import { createWorld, type World } from "@metacircular/testkit/metacrypt-world.ts";
import { startNameServer } from "./name-server.ts";
import { identifiers, serveChallenges, signingRequest } from "./order-flow.ts";
import { challengeOf, RawClient } from "./raw-client.ts";

let world: World;
before(async () => {
  world = await createWorld();
  const authority = readFileSync(world.certificates.caFile, "utf8");
  setDefaultCACertificates([...getCACertificates("default"), authority]);
});
after(() => world[Symbol.asyncDispose]());

interface Platform extends AsyncDisposable {
  readonly metacrypt: RunningMetacrypt;
  readonly httpPort: number;
  readonly target: { readonly origin: string; readonly caFile: string };
}

/** A Metacrypt that unseals itself, with a root in the mount `pki` and a rule for the account `web`. */
async function startPlatform(): Promise<Platform> {
  await using stack = new AsyncDisposableStack();
  const metacrypt = stack.use(await runMetacrypt(world, { args: ["--unattended-key-file"] }));
  const records = join(metacrypt.directory, "dns");
  await mkdir(records);
  const names = stack.use(await startNameServer(records));
  const httpPort = await freePort();
  await metacrypt.stop();
  const settings = `resolver = "${names.address}"\nhttp_port = ${httpPort}\n`;
  await appendFile(
    metacrypt.file,
    `\n[acme]\n${settings}validation_pause = "50ms"\nvalidation_attempts = 20\n`,
  );
  await metacrypt.start();
  await succeeded(metacrypt, "mount", "add", "pki", "ca");
  await succeeded(metacrypt, "ca", "root", "root", "--common-name", "ACME root");
  const rule = [
    "--effect",
    "allow",
    "--account",
    "web",
    "--operation",
    "acme/issue",
    "--name",
    "*.example.test",
  ];
  await succeeded(metacrypt, "policy", "add", "web", ...rule);
  const owned = stack.move();
  return {
    metacrypt,
    httpPort,
    target: { origin: metacrypt.rest, caFile: world.certificates.caFile },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function succeeded(metacrypt: RunningMetacrypt, ...args: string[]): Promise<string> {
  const { code, out, err } = await metacrypt.run(args);
  assert.equal(code, 0, `${args.join(" ")}: ${err}`);
  return out;
}

interface MadeBinding {
  readonly key_id: string;
  readonly hmac_key: string;
  readonly directory_url: string;
}

async function makeBinding(metacrypt: RunningMetacrypt): Promise<MadeBinding> {
  const text = await succeeded(metacrypt, "acme", "binding", "create", "--account", "web", "-o", "json");
  return JSON.parse(text) as MadeBinding;
}

async function listed(metacrypt: RunningMetacrypt, ...args: string[]): Promise<Record<string, unknown>[]> {
  return JSON.parse(await succeeded(metacrypt, "acme", ...args, "-o", "json")) as Record<string, unknown>[];
}

test("an order goes on after the server was killed while it validated and while it issued", async () => {
  await using platform = await startPlatform();
  const { metacrypt, target, httpPort } = platform;
  const binding = await makeBinding(metacrypt);
  const client = await RawClient.create(target);
  const eab = await client.externalBinding(binding.key_id, binding.hmac_key);
  assert.equal((await client.open({ externalAccountBinding: eab })).status, 201);
  const order = await client.post("new-order", { identifiers: identifiers("a.example.test") });
  const authorizationUrl = order.json.authorizations[0] ?? "";
  const challenge = challengeOf(await client.post(authorizationUrl), "http-01");
  assert.equal((await client.post(challenge.url, {})).json.status, "processing");
  await metacrypt.kill();

  await using pages = await serveChallenges(httpPort);
  pages.pages.set(challenge.token, client.keyAuthorization(challenge.token));
  await metacrypt.start();
  // Nobody has to ask for it again.
  await eventually(async () => assert.equal((await client.post(authorizationUrl)).json.status, "valid"));

  const location = String(order.headers.location);
  const csr = await signingRequest(["a.example.test"]);
  // The answer, or the end of the connection: who was killed first is different each time.
  const answered = client.post(order.json.finalize, { csr }).catch(() => undefined);
  await metacrypt.kill();
  await answered;
  await metacrypt.start();
  await eventually(async () => {
    const { json } = await client.post(location);
    if (json.status === "ready") await client.post(json.finalize, { csr });
    assert.equal((await client.post(location)).json.status, "valid");
  });
  const { certificate } = (await client.post(location)).json;
  assert.match((await client.post(certificate)).text, /BEGIN CERTIFICATE/u);
});

test("acme.js issues and revokes with an external account binding; the operator sees all of it", async () => {
  await using platform = await startPlatform();
  const { metacrypt, httpPort } = platform;
  await using pages = await serveChallenges(httpPort);
  const { key_id: kid, hmac_key: hmacKey, directory_url: directoryUrl } = await makeBinding(metacrypt);
  const accountKey = await acmeCrypto.createPrivateEcdsaKey();
  const client = new Client({ directoryUrl, accountKey, externalAccountBinding: { kid, hmacKey } });
  const [, csr] = await acmeCrypto.createCsr({ altNames: ["a.example.test"] });
  const chain = await client.auto({
    csr,
    email: "hostmaster@example.test",
    termsOfServiceAgreed: true,
    skipChallengeVerification: true,
    challengePriority: ["http-01"],
    challengeCreateFn: (_, { token }, keyAuthorization) =>
      Promise.resolve(void pages.pages.set(token, keyAuthorization)),
    challengeRemoveFn: () => Promise.resolve(),
  });
  await client.revokeCertificate(chain, { reason: 4 });

  const [binding] = await listed(metacrypt, "binding", "list");
  assert.deepEqual([binding?.["account"], binding?.["accounts"]], ["web", 1]);
  assert.notEqual(binding?.["last_used"], "");
  const [account] = await listed(metacrypt, "account", "list");
  assert.deepEqual([account?.["account"], account?.["status"]], ["web", "valid"]);
  const [order] = await listed(metacrypt, "orders");
  assert.deepEqual([order?.["status"], order?.["identifiers"]], ["valid", ["a.example.test"]]);

  const [, foreign] = await acmeCrypto.createCsr({ altNames: ["a.elsewhere.test"] });
  const refused = client.auto({
    csr: foreign,
    challengeCreateFn: () => Promise.resolve(),
    challengeRemoveFn: () => Promise.resolve(),
  });
  await assert.rejects(refused, /policy does not allow web certificates for a\.elsewhere\.test/u);

  await succeeded(metacrypt, "acme", "binding", "revoke", kid);
  const [revoked] = await listed(metacrypt, "account", "list");
  assert.equal(revoked?.["status"], "revoked");
  await assert.rejects(client.updateAccount({ contact: [] }), /the account is revoked/u);
});

test("the operator changes settings, and a sealed server tells clients when to come back", async () => {
  await using platform = await startPlatform();
  const { metacrypt, target } = platform;
  await succeeded(metacrypt, "acme", "set", "external_account_required=false", "challenge_types=dns-01");
  const wrong = await metacrypt.run(["acme", "set", "challenge_types=magic"]);
  assert.match(wrong.err, /ACME_SETTINGS_INVALID/u);
  assert.match(await succeeded(metacrypt, "acme", "settings"), /^challenge_types = \["dns-01"\]$/mu);
  const client = await RawClient.create(target);
  assert.equal((await client.open()).status, 201);
  const [account] = await listed(metacrypt, "account", "list");
  assert.equal(account?.["account"], "");
  await succeeded(metacrypt, "acme", "account", "deactivate", String(account["id"]));
  assert.equal((await client.post("new-order", { identifiers: identifiers("a.example.test") })).status, 401);
  await succeeded(metacrypt, "seal");
  const sealed = await client.get("directory");
  assert.equal(sealed.status, 503);
  assert.match(String(sealed.headers["retry-after"]), /^\d+$/u);
});
