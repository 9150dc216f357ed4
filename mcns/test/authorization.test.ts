import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { create, type DescMethodUnary, getOption, type JsonObject, toJson } from "@bufbuild/protobuf";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import {
  access as accessOption,
  Access,
  http as httpOption,
} from "@metacircular/proto/gen/mcdsl/v1/api_pb.ts";
import { file_mcns_v1_records } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { createTestIdentity } from "@metacircular/testkit/identity.ts";
import { createTestNameServer, type TestNameServer } from "@metacircular/testkit/name-server.ts";
import { personToken } from "@metacircular/testkit/person.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { NameServerClient } from "../client.ts";
import { administratorToken } from "./accounts.ts";

const zone = "example.org";
/** The system account whose own name the records in question have. */
const owner = "grafana";
const golden = new URL("golden/authorization.txt", import.meta.url);

const methods = file_mcns_v1_records.services.flatMap(({ methods }) => methods) as DescMethodUnary[];

describe("who may do what", () => {
  const stack = new AsyncDisposableStack();
  let server: TestNameServer;
  let admin: NameServerClient;
  /** Token by caller; undefined: none. */
  let callers: ReadonlyMap<string, string | undefined>;

  before(async () => {
    const directory = stack.use(await createTemporaryDirectory()).path;
    const certificates = await createTestCertificates(join(directory, "tls"));
    const identity = stack.use(await createTestIdentity(join(directory, "mcias"), certificates));
    const ownToken = await identity.systemToken("mcns");
    server = stack.use(
      await createTestNameServer(join(directory, "mcns"), { certificates, identity, ownToken }),
    );
    const adminToken = await administratorToken(identity);
    admin = stack.use(server.client(adminToken));
    await admin.zones.createZone({ zone: { name: zone, primary: "ns1" } });
    callers = new Map([
      ["nobody", undefined],
      ["guest", await personToken(identity, "guest", ["guest"], "mcns")],
      ["user", await personToken(identity, "user", ["user"], "mcns")],
      ["admin", adminToken],
      ["mcp-agent", await identity.systemToken("mcp-agent")],
      [`system ${owner}`, await identity.systemToken(owner)],
      ["system other", await identity.systemToken("other")],
    ]);
  });
  after(() => stack.disposeAsync());

  let count = 0;
  const fresh = (): string => `n${(count += 1)}`;
  async function freshRecord(): Promise<string> {
    const record = { name: `${fresh()}.${owner}`, type: "A", data: "192.0.2.1" };
    return (await admin.records.createRecord({ zone, record })).id;
  }
  async function freshZone(): Promise<string> {
    const { name } = await admin.zones.createZone({ zone: { name: `${fresh()}.example`, primary: "ns1" } });
    return name;
  }
  async function freshKey(): Promise<string> {
    const { key } = await admin.keys.createKey({ name: `${fresh()}.example` });
    return key?.name ?? "";
  }

  /** A request that works for who may make it, about things made for it. */
  const requests: Readonly<Record<string, () => Fields | Promise<Fields>>> = {
    ListZones: () => ({}),
    GetZone: () => ({ name: zone }),
    CreateZone: () => ({ zone: { name: `${fresh()}.example`, primary: "ns1" } }),
    UpdateZone: async () => ({ zone: { name: await freshZone(), refresh: 7 } }),
    DeleteZone: async () => ({ name: await freshZone() }),
    ImportZone: async () => ({ name: await freshZone(), zoneFile: "@ NS ns2\n" }),
    ExportZone: () => ({ name: zone }),
    ListRecords: () => ({ zone, limit: 3 }),
    GetRecord: async () => ({ zone, id: await freshRecord() }),
    CreateRecord: () => ({ zone, record: { name: `${fresh()}.${owner}`, type: "A", data: "192.0.2.1" } }),
    UpdateRecord: async () => ({
      zone,
      record: { id: await freshRecord(), name: `${fresh()}.${owner}`, type: "A", data: "192.0.2.2" },
    }),
    DeleteRecord: async () => ({ zone, id: await freshRecord() }),
    ReplaceRecords: () => ({ zone, name: owner, type: "TXT", data: [`"${fresh()}"`] }),
    ListKeys: () => ({}),
    CreateKey: () => ({ name: `${fresh()}.example` }),
    DeleteKey: async () => ({ name: await freshKey() }),
  };

  async function byGrpc(method: DescMethodUnary, token: string | undefined, init: Fields): Promise<string> {
    await using transport = createGrpcClientTransport({
      address: server.grpcAddress,
      caFile: server.caFile,
      timeoutMs: 10_000,
      ...(token === undefined ? {} : { token: () => Promise.resolve(token) }),
    });
    try {
      await transport.unary(method, undefined, undefined, undefined, create(method.input, init));
      return "yes";
    } catch (thrown) {
      return fromConnectError(thrown).code;
    }
  }

  async function byRest(method: DescMethodUnary, token: string | undefined, init: Fields): Promise<string> {
    const { verb, path, body } = restForm(method, init);
    const { status, text } = await call(verb, path, token, body);
    if (status === 200) return "yes";
    const { error } = JSON.parse(text) as { error: { code: string } };
    return error.code;
  }

  function call(
    verb: string,
    path: string,
    token: string | undefined,
    body: string | undefined,
  ): Promise<{ status: number | undefined; text: string }> {
    const answered = Promise.withResolvers<{ status: number | undefined; text: string }>();
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const ca = readFileSync(server.caFile);
    const sent = request(`${server.restUrl}${path}`, { method: verb, headers, ca }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => answered.resolve({ status: response.statusCode, text }));
    });
    sent.on("error", answered.reject);
    sent.end(body);
    return answered.promise;
  }

  test("is the same by REST and by gRPC, for every method that is described", async () => {
    assert.deepEqual(methods.map(({ name }) => name).toSorted(), Object.keys(requests).toSorted());
    const lines: string[] = [];
    for (const method of methods) {
      lines.push(`${method.parent.name}/${method.name}  (${accessName(getOption(method, accessOption))})`);
      for (const [caller, token] of callers) {
        const requestFor = requests[method.name];
        assert.ok(requestFor !== undefined, method.name);
        const grpc = await byGrpc(method, token, await requestFor());
        const rest = await byRest(method, token, await requestFor());
        assert.equal(rest, grpc, `${method.name} as ${caller}`);
        lines.push(`    ${caller.padEnd(16)}${grpc}`);
      }
    }
    const found = `${lines.join("\n")}\n`;
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, found);
    assert.equal(found, readFileSync(golden, "utf8"));
  });

  test("for a system account ends at the names below its own, also when a record would be moved", async () => {
    await using own = server.client(callers.get(`system ${owner}`) ?? "");
    const data = "192.0.2.7";
    const made = await own.records.createRecord({
      zone,
      record: { name: `_acme-challenge.${owner}`, type: "TXT", data: '"x"' },
    });
    const refused = { code: "PERMISSION_DENIED" };
    for (const name of ["@", "www", `not${owner}`, `${owner}.other`, `*`, `${owner}x`, `x\\.${owner}`]) {
      await assert.rejects(
        own.records.createRecord({ zone, record: { name, type: "A", data } }),
        refused,
        name,
      );
      await assert.rejects(
        own.records.updateRecord({ zone, record: { id: made.id, name, type: "A", data } }),
        refused,
      );
      await assert.rejects(own.records.replaceRecords({ zone, name, type: "A", data: [data] }), refused);
    }
    const { id } = await admin.records.createRecord({ zone, record: { name: "www", type: "A", data } });
    const record = { id, name: owner, type: "A", data };
    await assert.rejects(own.records.updateRecord({ zone, record }), refused);
    await assert.rejects(own.records.deleteRecord({ zone, id }), refused);
    await assert.rejects(
      own.records.createRecord({ zone, record: { name: `${owner}.${zone}.`, type: "A", data: "x" } }),
      {
        code: "RECORD_DATA_INVALID",
      },
    );
    const absolute = await own.records.createRecord({
      zone,
      record: { name: `a.${owner}.${zone}.`, type: "A", data },
    });
    assert.equal(absolute.name, `a.${owner}`);
  });

  test("is not for who brings something else than a token of the identity service", async () => {
    await using unknown = server.client("eyJhbGciOiJFZERTQSJ9.e30.c2ln");
    await assert.rejects(unknown.zones.listZones({}), { code: "TOKEN_INVALID" });
  });
});

type Fields = Record<string, unknown>;

function accessName(access: number): string {
  return Object.entries(Access).find(([, value]) => value === access)?.[0] ?? String(access);
}

/** The REST form of a request, from the description alone. */
function restForm(
  method: DescMethodUnary,
  init: Fields,
): { verb: string; path: string; body: string | undefined } {
  const rule = getOption(method, httpOption);
  const verb = rule.pattern.case ?? "";
  const json = toJson(method.input, create(method.input, init), { useProtoFieldName: true }) as JsonObject;
  const inPath = new Set<string>();
  const path = String(rule.pattern.value).replaceAll(/\{([\w.]+)\}/gu, (_, field: string) => {
    inPath.add(field);
    const value = field.split(".").reduce<unknown>((at, part) => (at as JsonObject)[part], json);
    return encodeURIComponent(String(value));
  });
  if (rule.body === "") return { verb: verb.toUpperCase(), path, body: undefined };
  const rest = Object.fromEntries(Object.entries(json).filter(([field]) => !inPath.has(field)));
  return { verb: verb.toUpperCase(), path, body: JSON.stringify(rule.body === "*" ? rest : json[rule.body]) };
}
