import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { DescMethodUnary } from "@bufbuild/protobuf";
import { file_mcns_v1_records } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { accessTable, type Fields } from "@metacircular/testkit/access-table.ts";
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

  function rest(
    verb: string,
    path: string,
    body: unknown,
    token: string | undefined,
  ): Promise<{ status: number | undefined; body: unknown }> {
    const answered = Promise.withResolvers<{ status: number | undefined; body: unknown }>();
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const ca = readFileSync(server.caFile);
    const sent = request(`${server.restUrl}${path}`, { method: verb, headers, ca }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => answered.resolve({ status: response.statusCode, body: JSON.parse(text) }));
    });
    sent.on("error", answered.reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    return answered.promise;
  }

  test("is the same by REST and by gRPC, for every method that is described", async () => {
    const { grpcAddress, caFile } = server;
    const found = await accessTable({ grpcAddress, caFile, rest }, methods, callers, requests);
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
