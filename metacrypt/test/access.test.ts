import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import { after, before, describe, test } from "node:test";
import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createGrpcClientTransport, type GrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { type MethodRule, methodRules } from "@metacircular/mcdsl/rest/method-rules.ts";
import { Access } from "@metacircular/proto/gen/mcdsl/v1/api_pb.ts";
import { loadMetacryptConfig } from "../config.ts";
import { type RunningServer, startMetacrypt } from "../metacrypt.ts";
import { initializeDatabase } from "../seal/initialize-database.ts";
import {
  type Configured,
  createWorld,
  PASSPHRASE,
  type Tokens,
  type World,
} from "@metacircular/testkit/metacrypt-world.ts";

/** What a call came to. `attempted` tells a refusal at the door from one by the policy. */
interface Answer {
  readonly status: number;
  readonly code: string;
  readonly attempted: string;
}

type RestRule = MethodRule & { readonly rest: NonNullable<MethodRule["rest"]> };
type Caller = "nobody" | keyof Tokens;

const callers: readonly Caller[] = ["nobody", "guest", "user", "system", "admin"];
const golden = new URL("golden/access.txt", import.meta.url);
const grpcUnavailable = 14;

let world: World;
let configured: Configured;
let server: RunningServer;
let rules: RestRule[];
let transport: GrpcClientTransport;

before(async () => {
  world = await createWorld();
  const { directory, certificates } = world;
  tls.setDefaultCACertificates([
    ...tls.getCACertificates("default"),
    readFileSync(certificates.caFile, "utf8"),
  ]);
  configured = await world.configure({ directory, databaseFile: join(directory, "metacrypt.db") });
  const config = loadMetacryptConfig(configured.file, {});
  const protection = { passphrase: PASSPHRASE };
  await initializeDatabase({ config, clock: systemClock, protection, unattended: false, actor: "test" });
  const logger = createLogger({ name: "metacrypt", level: "error" });
  server = await startMetacrypt({ config, logger, clock: systemClock, version: "0.0.0" });
  rules = [...methodRules(server.descriptions).values()].map((rule) => {
    assert.ok(rule.rest, `${rule.path} has no REST form`);
    return { ...rule, rest: rule.rest };
  });
  const { caFile } = certificates;
  transport = createGrpcClientTransport({ address: configured.grpc, caFile, timeoutMs: 60_000 });
});

after(async () => {
  await transport[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** Values of the path's fields: the mount there is, and things there are not. */
function fieldsOf({ rest }: RestRule): { path: string; values: Map<string, string> } {
  const values = new Map<string, string>();
  const parts = rest.template.segments.map((segment) => {
    if (segment.kind === "literal") return segment.text;
    const value = segment.field === "mount" ? "pki" : "1f";
    values.set(segment.field, value);
    return value;
  });
  return { path: `/${parts.join("/")}`, values };
}

function headersOf(caller: Caller): Record<string, string> {
  return caller === "nobody" ? {} : { authorization: `Bearer ${world.tokens[caller]}` };
}

async function callRest(rule: RestRule, caller: Caller): Promise<Answer> {
  const response = await fetch(`${configured.rest}${fieldsOf(rule).path}`, {
    method: rule.rest.verb,
    headers: { ...headersOf(caller), "content-type": "application/json" },
    ...(rule.rest.body === "" ? {} : { body: "{}" }),
  });
  const { error } = (await response.json()) as { error?: { code: string; attempted: string } };
  return { status: response.status, code: error?.code ?? "OK", attempted: error?.attempted ?? "" };
}

async function callGrpc(rule: RestRule, caller: Caller): Promise<Answer> {
  const message: JsonObject = {};
  for (const [field, value] of fieldsOf(rule).values) {
    const [outer = "", inner] = field.split(".");
    message[outer] = inner === undefined ? value : { [inner]: value };
  }
  const { method } = rule;
  assert.equal(method.methodKind, "unary");
  try {
    const input = fromJson(method.input, message);
    const unary = method as typeof method & { methodKind: "unary" };
    await transport.unary(unary, undefined, undefined, headersOf(caller), input);
    return { status: 0, code: "OK", attempted: "" };
  } catch (thrown) {
    const { code, attempted, category } = fromConnectError(thrown);
    return { status: category === "unavailable" ? grpcUnavailable : 2, code, attempted };
  }
}

async function getJson(path: string): Promise<{ body: Record<string, unknown> }> {
  const response = await fetch(configured.rest + path, { headers: headersOf("admin") });
  assert.equal(response.status, 200);
  return { body: (await response.json()) as Record<string, unknown> };
}

/** In words of the table. */
function wordFor({ code, attempted }: Answer): string {
  if (code === "TOKEN_MISSING") return "token";
  if (code === "PERMISSION_DENIED") return attempted === "call" ? "denied" : "policy";
  assert.notEqual(code, "SEALED");
  assert.notEqual(code, "INTERNAL");
  return "passes";
}

const admission: Record<Access, { word: string; admitted: readonly Caller[] }> = {
  [Access.UNSPECIFIED]: { word: "nobody", admitted: [] },
  [Access.PUBLIC]: { word: "public", admitted: callers },
  [Access.AUTHENTICATED]: { word: "authenticated", admitted: ["user", "system", "admin"] },
  [Access.ADMIN]: { word: "admin", admitted: ["admin"] },
  [Access.POLICY]: { word: "policy", admitted: ["user", "system", "admin"] },
};

async function unseal(): Promise<void> {
  const body = JSON.stringify({ passphrase: PASSPHRASE });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${configured.rest}/v1/sys/unseal`, { method: "POST", headers, body });
  assert.equal(response.status, 200, await response.text());
}

describe("every endpoint there is", () => {
  test("is refused while the service is sealed, by REST and gRPC, but for those that say otherwise", async () => {
    assert.ok(rules.length > 30, `only ${rules.length} endpoints`);
    for (const rule of rules) {
      for (const caller of ["nobody", "admin"] as const) {
        const rest = await callRest(rule, caller);
        const grpc = await callGrpc(rule, caller);
        const what = `${rule.path} ${caller}`;
        assert.equal(grpc.code, rest.code, what);
        assert.equal(rest.code === "SEALED", !rule.whileSealed, what);
        if (rule.whileSealed) continue;
        assert.deepEqual([rest.status, grpc.status], [503, grpcUnavailable], what);
      }
    }
    const open = rules.flatMap(({ whileSealed, method }) => (whileSealed ? [method.name] : []));
    assert.deepEqual(open, ["GetStatus", "Initialize", "Unseal"]);
  });

  test("that is no RPC is refused while the service is sealed, and health says so", async () => {
    const paths = [
      "/acme/pki/directory",
      "/acme/pki/new-nonce",
      "/acme/pki/new-account",
      "/acme/pki/new-order",
      "/acme/pki/revoke-cert",
      "/pki/pki/crl/default.crl",
      "/pki/pki/ocsp/MAA",
      "/pki/pki/issuers/default.crt",
      "/",
      "/anything/else",
    ];
    for (const origin of [configured.rest, configured.http]) {
      for (const path of paths) {
        for (const method of ["GET", "POST"]) {
          const response = await fetch(origin + path, { method });
          assert.equal(response.status, 503, `${method} ${origin}${path}`);
          const { error } = (await response.json()) as { error: { code: string } };
          assert.equal(error.code, "SEALED");
        }
      }
      const health = await fetch(`${origin}/healthz`);
      assert.deepEqual([health.status, await health.json()], [200, { status: "ok", sealed: true }]);
    }
    assert.match(await (await fetch(configured.metrics)).text(), /^metacrypt_sealed 1$/mu);
  });

  test("admits whom its description says, by REST and gRPC alike, as in the table that is kept", async () => {
    await unseal();
    const created = await fetch(`${configured.rest}/v1/mounts`, {
      method: "POST",
      headers: { ...headersOf("admin"), "content-type": "application/json" },
      body: JSON.stringify({ name: "pki", type: "ca" }),
    });
    assert.equal(created.status, 200, await created.text());
    const lines: string[] = [];
    for (const rule of rules) {
      const described = admission[rule.access];
      assert.ok(described);
      const { word, admitted } = described;
      const words: string[] = [];
      for (const caller of callers) {
        const rest = wordFor(await callRest(rule, caller));
        if (rule.method.name === "Seal" && caller === "admin") await unseal();
        const grpc = wordFor(await callGrpc(rule, caller));
        if (rule.method.name === "Seal" && caller === "admin") await unseal();
        const what = `${rule.path} ${caller}`;
        assert.equal(grpc, rest, what);
        const isAdmitted = admitted.includes(caller);
        assert.equal(rest === "passes" || rest === "policy", isAdmitted, `${what}: ${rest}`);
        assert.equal(rest === "token", !isAdmitted && caller === "nobody", what);
        if (rest === "policy") assert.equal(rule.access, Access.POLICY, what);
        words.push(`${caller} ${rest}`);
      }
      const sealed = rule.whileSealed ? ", also sealed" : "";
      const { verb } = rule.rest;
      lines.push(
        `${rule.path.slice(1)}  ${verb} ${fieldsOf(rule).path}  ${word}${sealed}: ${words.join(", ")}`,
      );
    }
    const table = `${lines.join("\n")}\n`;
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, table);
    assert.equal(table, readFileSync(golden, "utf8"));
  });

  test("that needs no token lets nobody fill the audit log", async () => {
    const newest = async (): Promise<string> => {
      const { body } = await getJson("/v1/audit/entries?limit=1");
      return String((body["entries"] as { sequence: string }[])[0]?.sequence);
    };
    const before = Number(await newest());
    for (const rule of rules.filter(({ access }) => access === Access.PUBLIC)) await callRest(rule, "nobody");
    // Itself asked for by an administrator, and therefore written down.
    assert.equal(Number(await newest()), before + 1);
  });

  test("about certificates that the policy decides is refused to everybody without a rule", async () => {
    const decided = rules.filter(
      ({ access, method }) => access === Access.POLICY && method.parent.name === "CaService",
    );
    assert.ok(decided.length > 4);
    for (const rule of decided) {
      for (const caller of ["user", "system"] as const) {
        assert.notEqual((await callRest(rule, caller)).code, "OK", `${rule.path} ${caller}`);
      }
    }
  });
});
