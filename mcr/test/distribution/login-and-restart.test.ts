import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import { after, before, test } from "node:test";
import {
  startTestRegistry,
  type TestAccount,
  type TestRegistry,
} from "@metacircular/testkit/registry-server.ts";
import { pushImage, putManifest } from "./content.ts";
import { digestOf, type Distribution, type Reply, type RequestParts } from "./fixture.ts";

// The program itself, with its tokens: as clients meet it.

let registry: TestRegistry;
let agent: Agent;
before(async () => {
  registry = await startTestRegistry();
  agent = new Agent({ ca: await readFile(registry.caFile), keepAlive: true });
});
after(async () => {
  agent.destroy();
  await registry[Symbol.asyncDispose]();
});

function send(method: string, target: string, { headers = {}, body }: RequestParts = {}): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const request = httpsRequest(new URL(target, registry.url), { method, headers, agent });
  request.on("error", reject).on("response", (response) => {
    const chunks: Buffer[] = [];
    response
      .on("data", (chunk: Buffer) => void chunks.push(chunk))
      .on("end", () => {
        const content = Buffer.concat(chunks);
        const { statusCode: status = 0, headers } = response;
        resolve({
          status,
          headers,
          body: content,
          json: () => JSON.parse(content.toString("utf8")) as unknown,
        });
      });
  });
  request.end(body as Buffer | undefined);
  return promise;
}

/** Sends as a client does that knows the account: asks for a token where it is challenged, and sends again. */
function client({ name, password }: TestAccount): Pick<Distribution, "send"> {
  const basic = `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
  return {
    async send(method, target, parts = {}) {
      const first = await send(method, target, parts);
      if (first.status !== 401) return first;
      const challenge = first.headers["www-authenticate"] ?? "";
      const [, realm = ""] = /realm="([^"]*)"/.exec(challenge) ?? [];
      const token = new URL(realm, registry.url);
      for (const key of ["service", "scope"]) {
        const value = new RegExp(`${key}="([^"]*)"`).exec(challenge)?.[1];
        if (value !== undefined) token.searchParams.set(key, value);
      }
      const issued = await send("GET", token.href, { headers: { authorization: basic } });
      if (issued.status !== 200) return issued;
      const { token: bearer } = issued.json() as { token: string };
      return send(method, target, {
        ...parts,
        headers: { ...parts.headers, authorization: `Bearer ${bearer}` },
      });
    },
  };
}

test("an image is pushed, pulled and deleted by who may, and refused to who may not", async () => {
  const admin = client(registry.admin);
  const image = await pushImage(admin, "login/image", { reference: "v1" });
  const path = "/v2/login/image/manifests/v1";
  assert.equal((await client(registry.system).send("GET", path)).body.toString(), image.manifest);
  assert.equal((await client(registry.system).send("PUT", path, { body: Buffer.from("{}") })).status, 403);
  assert.equal((await client(registry.user).send("GET", path)).status, 403);
  assert.equal((await send("GET", path)).status, 401);
  assert.equal((await client({ ...registry.admin, password: "wrong" }).send("GET", path)).status, 401);
  const mounted = await admin.send(
    "POST",
    `/v2/login/other/blobs/uploads/?mount=${image.layer}&from=login/image`,
  );
  assert.equal(mounted.status, 201, "the challenge is for both repositories");
  assert.equal((await admin.send("DELETE", path)).status, 202);
  assert.equal((await admin.send("GET", path)).status, 404);
});

test("an upload goes on after the server was killed, and what was acknowledged is there bit for bit", async () => {
  const admin = client(registry.admin);
  const image = await pushImage(admin, "restart/image", { reference: "v1" });
  const content = randomBytes(3_000_000);
  const begun = await admin.send("POST", "/v2/restart/image/blobs/uploads/");
  const location = begun.headers.location ?? "";
  const first = await admin.send("PATCH", location, {
    headers: { "content-range": "0-1999999" },
    body: content.subarray(0, 2_000_000),
  });
  assert.equal(first.status, 202);
  await registry.kill();
  await registry.start();
  const status = await admin.send("GET", location);
  assert.equal(status.status, 204);
  const [, end = ""] = /^0-(\d+)$/.exec(status.headers.range ?? "") ?? [];
  const start = Number(end) + 1;
  assert.ok(start <= 2_000_000, "never more than was sent");
  const put = await admin.send("PUT", `${status.headers.location}?digest=${digestOf(content)}`, {
    headers: { "content-range": `${start}-2999999` },
    body: content.subarray(start),
  });
  assert.equal(put.status, 201, put.body.toString());
  const got = await admin.send("GET", `/v2/restart/image/blobs/${digestOf(content)}`);
  assert.ok(got.body.equals(content));
  const manifest = await admin.send("GET", "/v2/restart/image/manifests/v1");
  assert.equal(manifest.body.toString(), image.manifest);
  assert.equal((await putManifest(admin, "restart/image", "v2", image.manifest)).status, 201);
});
