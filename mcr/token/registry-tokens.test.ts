import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { openSqlite } from "@metacircular/mcdsl/sql/sqlite.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Action } from "../access/access.ts";
import { migrations } from "../metadata/migrations.ts";
import { createRegistryTokens } from "./registry-tokens.ts";
import { openTokenKeys } from "./token-keys.ts";

const DAY_MS = 86_400_000;
const issuer = "https://mcr.example:8443";
const service = "mcr.example:8443";
const alice = { kind: "human", name: "alice", roles: ["user"] } as const;
const access = {
  catalog: true,
  repositories: new Map<string, ReadonlySet<Action>>([["team/app", new Set<Action>(["pull", "push"])]]),
};

async function aDatabase(t: TestContext) {
  const directory = await createTemporaryDirectory();
  const cleanup = new AsyncDisposableStack();
  cleanup.use(directory);
  t.after(() => cleanup.disposeAsync());
  const clock = { ms: Date.UTC(2026, 0, 1), now: () => clock.ms };
  const file = join(directory.path, "mcr.db");
  const aServer = async (changed: { issuer?: string; service?: string } = {}) => {
    const sql = cleanup.use(await openSqlite({ file, migrations }));
    return createRegistryTokens({ keys: openTokenKeys({ sql, clock }), issuer, service, clock, ...changed });
  };
  return { clock, aServer };
}

describe("tokens of the registry", () => {
  test("carry who it is and what they are for, and are understood by another server", async (t) => {
    const { clock, aServer } = await aDatabase(t);
    const [one, other] = [await aServer(), await aServer()];
    const token = await one.sign({ caller: alice, access }, clock.now() + 300_000);
    const { iat, exp, jti, ...claims } = decodeJwt(token);
    assert.deepEqual(claims, {
      iss: issuer,
      sub: "alice",
      aud: service,
      account_type: "human",
      roles: ["user"],
      access: [
        { type: "repository", name: "team/app", actions: ["pull", "push"] },
        { type: "registry", name: "catalog", actions: ["*"] },
      ],
    });
    assert.deepEqual([iat, exp], [clock.ms / 1000, clock.ms / 1000 + 300]);
    assert.match(String(jti), /^[\w-]{22}$/);
    assert.deepEqual(decodeProtectedHeader(token).alg, "EdDSA");
    assert.deepEqual(await other.verify(token), { caller: alice, access });
  });

  test("are for what they were given for, and for nothing that is called alike", async (t) => {
    const { clock, aServer } = await aDatabase(t);
    const tokens = await aServer();
    const narrow = {
      catalog: false,
      repositories: new Map<string, ReadonlySet<Action>>([
        ["catalog", new Set<Action>(["delete"])],
        ["registry", new Set<Action>(["pull"])],
      ]),
    };
    const token = await tokens.sign({ caller: alice, access: narrow }, clock.now() + 300_000);
    assert.deepEqual(await tokens.verify(token), { caller: alice, access: narrow });
  });

  test("end after their time", async (t) => {
    const { clock, aServer } = await aDatabase(t);
    const tokens = await aServer();
    const token = await tokens.sign({ caller: alice, access }, clock.now() + 300_000);
    clock.ms += 299_000;
    await tokens.verify(token);
    clock.ms += 7_000;
    await assert.rejects(tokens.verify(token), { code: "TOKEN_EXPIRED" });
  });

  test("are refused where they are changed, of another registry, or for another service", async (t) => {
    const { clock, aServer } = await aDatabase(t);
    const tokens = await aServer();
    const token = await tokens.sign({ caller: alice, access }, clock.now() + 300_000);
    const [head = "", claims = "", signature = ""] = token.split(".");
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const forged = encode({ ...decodeJwt(token), sub: "root", roles: ["admin"] });
    const unsigned = encode({ alg: "none", typ: "JWT" });
    const foreign = await (await aDatabase(t)).aServer();
    const wrong = {
      "other claims": `${head}.${forged}.${signature}`,
      "no signature": `${unsigned}.${claims}.`,
      "another registry's key": await foreign.sign({ caller: alice, access }, clock.now() + 300_000),
      "another service": await (
        await aServer({ service: "other.example" })
      ).sign({ caller: alice, access }, clock.now() + 300_000),
      "another issuer": await (
        await aServer({ issuer: "https://other.example" })
      ).sign({ caller: alice, access }, clock.now() + 300_000),
      garbage: "a.b.c",
      "much too long": `${token}${"a".repeat(20_000)}`,
    };
    for (const [name, text] of Object.entries(wrong)) {
      await assert.rejects(tokens.verify(text), { code: "TOKEN_INVALID" }, name);
    }
  });

  test("get a new key in time, on every server, and old ones count until they end", async (t) => {
    const { clock, aServer } = await aDatabase(t);
    const [one, other] = [await aServer(), await aServer()];
    const sign = (server: typeof one) => server.sign({ caller: alice, access }, clock.now() + 300_000);
    const first = await sign(one);
    await other.verify(first);
    clock.ms += 30 * DAY_MS - 1_000;
    const last = await sign(one);
    await other.verify(last);
    clock.ms += 1_000;
    const renewed = await sign(one);
    assert.notEqual(decodeProtectedHeader(renewed).kid, decodeProtectedHeader(last).kid);
    assert.equal((await other.verify(renewed)).caller.name, "alice");
    await one.verify(last);
    assert.equal(decodeProtectedHeader(await sign(other)).kid, decodeProtectedHeader(renewed).kid);
  });

  test("are signed with one key also where two servers begin at the same time", async (t) => {
    const { clock, aServer } = await aDatabase(t);
    const servers = [await aServer(), await aServer(), await aServer()];
    const signed = await Promise.all(
      servers.map((server) => server.sign({ caller: alice, access }, clock.now() + 300_000)),
    );
    assert.equal(new Set(signed.map((token) => decodeProtectedHeader(token).kid)).size, 1);
  });
});
