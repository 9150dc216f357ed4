import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createServer } from "node:https";
import { run } from "./ca-fixture.ts";
import { type RunningMetacrypt, runMetacrypt } from "@metacircular/testkit/metacrypt.ts";
import { createWorld, type World } from "@metacircular/testkit/metacrypt-world.ts";

let world: World;
let metacrypt: RunningMetacrypt;

/** What a command printed; the test fails where it failed. */
async function ran(...args: string[]): Promise<string> {
  const { code, out, err } = await metacrypt.run(args);
  assert.equal(code, 0, `${args.join(" ")}: ${err}`);
  return out;
}

async function refused(code: string, args: readonly string[]): Promise<void> {
  const result = await metacrypt.run(args);
  assert.notEqual(result.code, 0, args.join(" "));
  assert.match(result.err, new RegExp(`\\[${code}\\]`, "u"), args.join(" "));
}

function path(name: string): string {
  return join(metacrypt.directory, name);
}

async function wrote(name: string, text: string): Promise<string> {
  await writeFile(path(name), text);
  return path(name);
}

before(async () => {
  world = await createWorld();
  metacrypt = await runMetacrypt(world, { args: ["--unattended-key-file"] });
  await ran("mount", "add", "pki", "ca");
  await ran("mount", "add", "roots", "ca");
});

after(async () => {
  await metacrypt[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test("an operator makes a root and an intermediate in another mount, and issues what curl accepts", async () => {
  await refused("AUTHORITY_MISSING", ["ca", "issue", "a.example.org", "--key", path("early.key")]);
  const root = await ran("ca", "root", "root-1", "--mount", "roots", "--common-name", "Test root");
  await ran("ca", "intermediate", "issuing", "--issuer-mount", "roots", "--common-name", "Test issuing");
  await refused("AUTHORITY_EXISTS", [
    "ca",
    "intermediate",
    "issuing",
    "--issuer-mount",
    "roots",
    "--common-name",
    "Again",
  ]);
  const table = await ran("ca", "authorities");
  assert.match(
    table,
    /^NAME +ID +SUBJECT +KEY +ENDS +STATE\nissuing +[0-9a-f]{16} +CN=Test issuing +ecdsa-p256 .* intermediate,default\n$/,
  );
  assert.equal(await ran("ca", "authorities", "issuing", "--root"), root);
  const chain = await ran(
    "ca",
    "issue",
    "localhost",
    "127.0.0.1",
    "--key",
    path("web.key"),
    "--key-type",
    "ecdsa-p384",
  );
  assert.equal((await stat(path("web.key"))).mode & 0o777, 0o600);
  await refused("LOCAL_FILE_UNWRITABLE", ["ca", "issue", "localhost", "--key", path("web.key")]);
  assert.equal(chain.match(/BEGIN CERTIFICATE/g)?.length, 2);
  const server = createServer({ cert: chain, key: await readFile(path("web.key")) }, (_, response) =>
    response.end("served"),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const url = `https://localhost:${address.port}/`;
  const ca = await wrote("root.pem", root);
  assert.match(await run("curl", "-sS", "--cacert", ca, url), /served/);
  await assert.rejects(run("curl", "-sS", "--cacert", world.certificates.caFile, url), /certificate/);
  server.closeAllConnections();
  server.close();
});

test("a request of openssl is signed, shown, renewed, listed and revoked, and the published list says so", async () => {
  const [csr, key] = [path("req.csr"), path("req.key")];
  const names = "subjectAltName=DNS:b.example.org,DNS:www.b.example.org";
  await run(
    "openssl",
    "req",
    "-new",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    key,
    "-out",
    csr,
    "-subj",
    "/CN=b.example.org",
    "-addext",
    names,
  );
  const { serialNumber, subjectAltName } = new X509Certificate(
    await ran("ca", "sign", csr, "--lifetime", "30d"),
  );
  assert.equal(subjectAltName, "DNS:b.example.org, DNS:www.b.example.org");
  const serial = serialNumber.toLowerCase();
  const shown = JSON.parse(await ran("ca", "show", serial, "-o", "json")) as Record<string, unknown>;
  assert.deepEqual([shown["status"], shown["requester"], shown["profile"]], ["valid", "ada", "server"]);
  const renewed = new X509Certificate(await ran("ca", "renew", serial));
  assert.notEqual(renewed.serialNumber.toLowerCase(), serial);
  assert.equal(renewed.subjectAltName, subjectAltName);
  await ran("ca", "revoke", serial.toUpperCase(), "--reason", "superseded");
  assert.match(
    await ran("ca", "list", "--name", "b.example", "--status", "revoked"),
    new RegExp(`\n${serial} +revoked .* b.example.org,www.b.example.org\n$`),
  );
  assert.match(
    await ran("ca", "list", "--name", "b.example", "--status", "valid"),
    new RegExp(`\n${renewed.serialNumber.toLowerCase()} +valid`),
  );
  assert.match(
    await ran("ca", "list", "--name", "b.example", "--expires-within", "31d"),
    new RegExp(serial.slice(0, 8)),
  );
  assert.doesNotMatch(await ran("ca", "list", "--expires-within", "1d"), new RegExp(serial.slice(0, 8)));
  const list = await (await fetch(`${metacrypt.http}/pki/pki/crl/issuing.pem`)).text();
  assert.equal(list.trim(), (await ran("ca", "crl")).trim());
  assert.match(
    await run("openssl", "crl", "-in", await wrote("list.pem", list), "-noout", "-text"),
    new RegExp(serialNumber),
  );
  await refused("CERTIFICATE_UNKNOWN", ["ca", "show", "00ff"]);
});

test("an authority made by openssl is taken over, and signs what it signed before", async () => {
  const [certificate, key] = [path("old.pem"), path("old.key")];
  const options = [
    "-days",
    "900",
    "-nodes",
    "-keyout",
    key,
    "-out",
    certificate,
    "-subj",
    "/O=Old/CN=Old root",
  ];
  const usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  await run(
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    ...options,
    ...usage,
  );
  await ran("ca", "import", "old", "--certificate", certificate, "--key", key);
  await refused("AUTHORITY_EXISTS", ["ca", "import", "old-2", "--certificate", certificate, "--key", key]);
  await refused("AUTHORITY_INVALID", [
    "ca",
    "import",
    "old-3",
    "--certificate",
    certificate,
    "--key",
    path("web.key"),
  ]);
  const leaf = await ran("ca", "issue", "c.example.org", "--authority", "old", "--key", path("c.key"));
  const leafFile = await wrote("c.pem", leaf);
  assert.match(await run("openssl", "verify", "-x509_strict", "-CAfile", certificate, leafFile), /OK/);
  await ran("ca", "change", "old", "--disable");
  await refused("AUTHORITY_DISABLED", [
    "ca",
    "issue",
    "d.example.org",
    "--authority",
    "old",
    "--key",
    path("d.key"),
  ]);
});

test("an authority elsewhere signs a request of ours, and ours signs one from elsewhere", async () => {
  const csr = await ran(
    "ca",
    "intermediate",
    "branch",
    "--mount",
    "roots",
    "--common-name",
    "Branch",
    "--csr",
  );
  const waiting = await ran("ca", "complete", "--mount", "roots");
  const id = /^([0-9a-f]{16}) +branch/mu.exec(waiting)?.[1] ?? "";
  const signed = await ran(
    "ca",
    "sign-authority",
    await wrote("branch.csr", csr),
    "--mount",
    "roots",
    "--issuer",
    "root-1",
    "--permit",
    "branch.example.org",
  );
  const chain = await wrote(
    "branch.pem",
    signed + (await ran("ca", "authorities", "root-1", "--mount", "roots", "--chain")),
  );
  await refused("AUTHORITY_INVALID", [
    "ca",
    "complete",
    id,
    "--mount",
    "roots",
    "--certificate",
    path("old.pem"),
  ]);
  await ran("ca", "complete", id, "--mount", "roots", "--certificate", chain);
  const issue = ["ca", "issue", "--mount", "roots", "--authority", "branch"];
  await ran(...issue, "x.branch.example.org", "--key", path("x.key"));
  await refused("CERTIFICATE_NAME_OUT_OF_BOUNDS", [...issue, "x.example.org", "--key", path("y.key")]);
});

test("profiles are listed, changed and bind what is issued", async () => {
  const listed = JSON.parse(await ran("ca", "profile", "list", "-o", "json")) as Record<string, unknown>[];
  assert.deepEqual(
    listed.map(({ name }) => name),
    ["client", "peer", "server"],
  );
  const { built_in: _, ...server } = listed.at(-1) ?? {};
  const short = {
    ...server,
    name: "short",
    key_types: ["ed25519"],
    wildcards: false,
    default_lifetime_seconds: 3_600,
    maximum_lifetime_seconds: 7_200,
  };
  await ran("ca", "profile", "put", await wrote("short.json", JSON.stringify(short)));
  const issue = (name: string, ...more: string[]): string[] => [
    "ca",
    "issue",
    name,
    "--profile",
    "short",
    "--key",
    path(`${Math.random()}.key`),
    ...more,
  ];
  const { validFromDate, validToDate } = new X509Certificate(
    await ran(...issue("e.example.org", "--key-type", "ed25519")),
  );
  assert.equal(validToDate.getTime() - validFromDate.getTime(), 3_660_000);
  await refused("CERTIFICATE_KEY_REFUSED", issue("e.example.org"));
  await refused("CERTIFICATE_NAME_TYPE_REFUSED", issue("*.example.org", "--key-type", "ed25519"));
  await refused(
    "CERTIFICATE_LIFETIME_INVALID",
    issue("e.example.org", "--key-type", "ed25519", "--lifetime", "1d"),
  );
  const bad = await wrote("bad.json", JSON.stringify({ ...short, extended_key_usages: ["2.5.29.37.0"] }));
  await refused("PROFILE_INVALID", ["ca", "profile", "put", bad]);
  await ran("ca", "profile", "delete", "short");
  await refused("PROFILE_NOT_FOUND", issue("e.example.org"));
});
