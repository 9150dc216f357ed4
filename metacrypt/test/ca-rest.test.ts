import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { after, before, test } from "node:test";
import { generateKeyPair } from "../ca/key-pair.ts";
import { pemOf } from "../ca/pem.ts";
import { type RunningMetacrypt, runMetacrypt } from "@metacircular/testkit/metacrypt.ts";
import { createWorld, type World } from "@metacircular/testkit/metacrypt-world.ts";

let world: World;
let metacrypt: RunningMetacrypt;

async function ran(...args: string[]): Promise<void> {
  const { code, err } = await metacrypt.run(args);
  assert.equal(code, 0, `${args.join(" ")}: ${err}`);
}

interface RestAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function rest(
  method: string,
  target: string,
  body?: object,
  token = metacrypt.tokens.admin,
): Promise<RestAnswer> {
  const ca = await readFile(world.certificates.caFile);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const sent = httpsRequest(new URL(target, metacrypt.rest), { method, ca, headers });
  sent.end(body === undefined ? "" : JSON.stringify(body));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    body: JSON.parse(Buffer.concat(chunks).toString()) as RestAnswer["body"],
  };
}

before(async () => {
  world = await createWorld();
  metacrypt = await runMetacrypt(world, { args: ["--unattended-key-file"] });
  await ran("mount", "add", "pki", "ca");
  await ran("ca", "root", "root", "--common-name", "Test root");
});

after(async () => {
  await metacrypt[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test("the policy decides by REST as by gRPC, over names and common names", async () => {
  const rule = [
    "--effect",
    "allow",
    "--account",
    "sys",
    "--operation",
    "ca/issue",
    "--name",
    "*.svc.example.org",
  ];
  await ran("policy", "add", "agents", ...rule);
  const publicKeyPem = pemOf("PUBLIC KEY", generateKeyPair().publicKey);
  const issue = (names: readonly string[], more: object = {}): Promise<RestAnswer> =>
    rest(
      "POST",
      "/v1/ca/pki/issue",
      { names, public_key_pem: publicKeyPem, ...more },
      metacrypt.tokens.system,
    );
  const issued = await issue(["web.svc.example.org"]);
  assert.equal(issued.status, 200, JSON.stringify(issued.body));
  assert.equal(issued.body["private_key_pem"] ?? "", "");
  for (const [names, more] of [
    [["web.example.org"], {}],
    [["web.svc.example.org", "web.example.org"], {}],
    [["*.svc.example.org"], {}],
    [["web.svc.example.org"], { profile: "client", common_name: "ada" }],
    [["ceo@x.svc.example.org"], { profile: "client" }],
  ] as const) {
    const { status, body } = await issue(names, more);
    assert.equal(status, 403, JSON.stringify([names, more, body]));
  }
  const serial = String(issued.body["serial_number"]);
  const certificate = `/v1/ca/pki/certificates/${serial}`;
  assert.equal((await rest("GET", certificate, undefined, metacrypt.tokens.user)).status, 403);
  assert.equal((await rest("GET", certificate, undefined, metacrypt.tokens.system)).status, 200);
  assert.equal((await rest("POST", `${certificate}/revoke`, {}, metacrypt.tokens.user)).status, 403);
  const revoked = await rest(
    "POST",
    `${certificate}/revoke`,
    { reason: "REVOCATION_REASON_SUPERSEDED" },
    metacrypt.tokens.system,
  );
  assert.equal(revoked.body["status"], "CERTIFICATE_STATUS_REVOKED");
  assert.equal(
    (
      await rest(
        "POST",
        "/v1/ca/pki/roots",
        { wish: { name: "x", common_name: "X" } },
        metacrypt.tokens.system,
      )
    ).status,
    403,
  );
});

test("a key that the service makes is told once, and is neither stored nor logged", async () => {
  const { body } = await rest("POST", "/v1/ca/pki/issue", { names: ["made.example.org"] });
  const key = String(body["private_key_pem"]);
  assert.match(key, /^-----BEGIN PRIVATE KEY-----/);
  const line = key.split("\n")[1] ?? "";
  const database = await Promise.all(
    ["", "-wal"].map((end) => readFile(`${metacrypt.databaseFile}${end}`).catch(() => Buffer.alloc(0))),
  );
  assert.ok(!Buffer.concat(database).includes(line));
  assert.ok(!metacrypt.log().join("\n").includes(line));
  const shown = await rest("GET", `/v1/ca/pki/certificates/${String(body["serial_number"])}`);
  assert.ok(!JSON.stringify(shown.body).includes("PRIVATE"));
});

test("killed at any moment, it knows every certificate that it gave out", async () => {
  const publicKeyPem = pemOf("PUBLIC KEY", generateKeyPair().publicKey);
  const given: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const issuing = Array.from({ length: 40 }, async (_, number) => {
      const answer = await rest("POST", "/v1/ca/pki/issue", {
        names: [`n${number}.kill.example.org`],
        public_key_pem: publicKeyPem,
      });
      given.push(String(answer.body["serial_number"]));
      if (given.length % 40 === 7) await metacrypt.kill();
    });
    await Promise.allSettled(issuing);
    await metacrypt.kill();
    await metacrypt.start();
  }
  assert.ok(given.length >= 7);
  const { body } = await rest("GET", "/v1/ca/pki/certificates?name=kill.example.org&limit=1000");
  const known = new Set(
    (body["certificates"] as { serial_number: string }[]).map((each) => each.serial_number),
  );
  assert.deepEqual(
    given.filter((serial) => !known.has(serial)),
    [],
  );
});
