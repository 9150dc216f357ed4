import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request, type RequestOptions } from "node:https";
import { after, before, describe, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { RecordService, ZoneService } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { systemClock } from "../clock.ts";
import { formatHostAndPort } from "../config/host-and-port.ts";
import { DetailedError } from "../errors.ts";
import { callerOf } from "../grpc/caller.ts";
import { createGrpcClientTransport } from "../grpc/client.ts";
import { requestJson } from "../http/json-client.ts";
import { type ApiServer, apiService, startApiServer } from "../server/api-server.ts";
import { captureLog } from "./captured-log.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { acceptTokens } from "./grpc-fixture.ts";

/** Answers with what it was asked, so that a test sees what arrived. */
const services = [
  apiService(ZoneService, {
    listZones: () => ({ zones: [{ name: "example.org", serial: 7 }] }),
    getZone: ({ name }) => {
      throw new DetailedError({
        code: "ZONE_NOT_FOUND",
        category: "not-found",
        attempted: "find the zone",
        subject: name,
        found: "there is none of that name",
      });
    },
    createZone: ({ zone }) => zone ?? {},
    updateZone: ({ zone }) => zone ?? {},
    deleteZone: () => {
      throw new TypeError("a secret detail");
    },
    importZone: ({ dryRun }) => ({ added: dryRun ? 1 : 2 }),
    exportZone: ({ name }) => ({ zoneFile: name }),
  }),
  apiService(RecordService, {
    listRecords: ({ zone, name, type, limit }) => ({ records: [{ id: zone, name, type, ttl: limit }] }),
    getRecord: ({ id }) => ({ id }),
    createRecord: ({ record }, context) => ({ name: record?.name ?? "", updatedBy: callerOf(context).name }),
    updateRecord: ({ zone, record }) => ({ id: record?.id ?? "", name: zone, data: record?.data ?? "" }),
    deleteRecord: () => ({}),
    replaceRecords: ({ name, type, data }) => ({
      records: data.map((text) => ({ name, type, data: text })),
      changed: true,
    }),
  }),
];

describe("a described API", () => {
  let certificates: Certificates;
  let server: ApiServer;
  const log = captureLog();

  before(async () => {
    certificates = makeCertificates();
    server = await startApiServer({
      rest: { host: "127.0.0.1", port: 0 },
      grpc: { host: "127.0.0.1", port: 0 },
      tls: certificates,
      services,
      authenticator: acceptTokens,
      handler: async (request, response) => {
        if (request.url !== "/healthz") return false;
        response.end("well");
        return true;
      },
      gate: ({ path }) => {
        if (path.endsWith("/ExportZone")) throw sealed();
      },
      logger: log.logger,
      clock: systemClock,
    });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    certificates[Symbol.dispose]();
  });

  function ask(method: string, path: string, body?: object, token = "token-of-alice") {
    return requestJson({
      url: `https://${formatHostAndPort(server.rest)}${path}`,
      caFile: certificates.caFile,
      method,
      ...(body === undefined ? {} : { body }),
      headers: token === "" ? {} : { authorization: `Bearer ${token}` },
    });
  }

  test("answers by REST in the names of the description, with every field", async () => {
    const { status, body } = await ask("GET", "/v1/zones");
    assert.equal(status, 200);
    const [zone] = (body as { zones: Record<string, unknown>[] }).zones;
    assert.equal(zone?.["serial"], 7);
    assert.equal(zone["negative_ttl"], 0);
  });

  test("takes fields from the path and the query", async () => {
    const { body } = await ask("GET", "/v1/zones/example.org/records?name=www&type=A&limit=5");
    assert.deepEqual((body as { records: object[] }).records, [
      { id: "example.org", name: "www", type: "A", ttl: 5, data: "", updated_by: "" },
    ]);
  });

  test("takes a nested field from the path and overrules the body with it", async () => {
    const { body } = await ask("PUT", "/v1/zones/example.org/records/r1", { id: "other", data: "192.0.2.1" });
    assert.deepEqual(body, {
      id: "r1",
      name: "example.org",
      type: "",
      ttl: 0,
      data: "192.0.2.1",
      updated_by: "",
    });
  });

  test("takes all of the body where the description says so, and decodes the path", async () => {
    const { body } = await ask("PUT", "/v1/zones/example.org/names/%2A.web/TXT", { data: ["a", "b"] });
    const { records } = body as { records: { name: string; data: string }[] };
    assert.deepEqual(
      records.map(({ name, data }) => [name, data]),
      [
        ["*.web", "a"],
        ["*.web", "b"],
      ],
    );
  });

  test("tells implementations who calls", async () => {
    const { body } = await ask("POST", "/v1/zones/example.org/records", { name: "x" });
    assert.equal((body as { updated_by: string }).updated_by, "alice");
  });

  test("gives the same by gRPC", async () => {
    await using transport = createGrpcClientTransport({
      address: formatHostAndPort(server.grpc ?? assert.fail("it serves no gRPC")),
      caFile: certificates.caFile,
      token: async () => "token-of-alice",
      timeoutMs: 30_000,
    });
    const { zones } = await createClient(ZoneService, transport).listZones({});
    assert.equal(zones[0]?.serial, 7);
  });

  const refusals: readonly [string, string, string, object | undefined, string, number, string][] = [
    ["no token", "GET", "/v1/zones", undefined, "", 401, "TOKEN_MISSING"],
    ["a bad token", "GET", "/v1/zones", undefined, "x", 401, "TOKEN_INVALID"],
    ["a guest", "GET", "/v1/zones", undefined, "token-of-guest", 403, "PERMISSION_DENIED"],
    ["no administrator", "POST", "/v1/zones", {}, "token-of-alice", 403, "PERMISSION_DENIED"],
    ["what is not there", "GET", "/v1/zones/x", undefined, "token-of-alice", 404, "ZONE_NOT_FOUND"],
    ["an unknown path", "GET", "/v2/zones", undefined, "token-of-alice", 404, "PATH_NOT_FOUND"],
    [
      "an unknown field",
      "POST",
      "/v1/zones/x/records",
      { nme: "x" },
      "token-of-alice",
      400,
      "REQUEST_INVALID",
    ],
    [
      "a field of the query twice",
      "GET",
      "/v1/zones/x/records?name=a&name=b",
      undefined,
      "token-of-alice",
      400,
      "REQUEST_INVALID",
    ],
    [
      "an unknown field of the query",
      "GET",
      "/v1/zones/x/records?nme=a",
      undefined,
      "token-of-alice",
      400,
      "REQUEST_INVALID",
    ],
    [
      "what the gate holds back, before the token is looked at",
      "GET",
      "/v1/zones/x/export",
      undefined,
      "",
      503,
      "SEALED",
    ],
  ];
  for (const [what, method, path, body, token, status, code] of refusals) {
    test(`refuses ${what}`, async () => {
      const answer = await ask(method, path, body, token);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.equal((answer.body as { error: { code: string } }).error.code, code);
    });
  }

  /** Sends a request just as it is written here. */
  async function askRaw(path: string, options: RequestOptions, body?: Buffer): Promise<IncomingMessage> {
    const { hostname: host, port } = new URL(`https://${formatHostAndPort(server.rest)}`);
    const ca = readFileSync(certificates.caFile);
    const headers = { authorization: "Bearer token-of-alice", ...options.headers };
    const sent = request({ ...options, host, port, ca, headers, path });
    sent.on("error", () => undefined);
    if (body === undefined) sent.end();
    else sent.write(body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    response.destroy();
    return response;
  }

  test("says that a body is too large before all of it was sent", async () => {
    const headers = { "content-type": "application/json", "content-length": 64 * 1024 * 1024 };
    const body = Buffer.alloc(5 * 1024 * 1024, " ");
    const { statusCode } = await askRaw("/v1/zones/x/records", { method: "POST", headers }, body);
    assert.equal(statusCode, 413);
  });

  for (const target of ["//", "//[", "//elsewhere/v1/zones", "/v1/zones/%zz/"]) {
    test(`serves nothing at ${target}, and is not to blame for it`, async () => {
      const logged = log.lines.length;
      assert.equal((await askRaw(target, {})).statusCode, 404);
      assert.deepEqual(log.lines.slice(logged), []);
    });
  }

  test("names the verbs of a path that has none of this kind", async () => {
    const { status, headers } = await ask("PATCH", "/v1/zones/x");
    assert.equal(status, 405);
    assert.deepEqual(headers.allow?.split(", ").toSorted(), ["DELETE", "GET", "PUT"]);
  });

  test("does not tell what went wrong inside", async () => {
    const { status, body } = await ask("DELETE", "/v1/zones/x", undefined, "token-of-admin");
    assert.equal(status, 500);
    assert.doesNotMatch(JSON.stringify(body), /secret/);
    assert.ok(log.lines.some(({ msg }) => msg === "rpc failed unexpectedly"));
  });

  test("logs every call with its caller and outcome", async () => {
    await ask("GET", "/v1/zones", undefined, "token-of-bob");
    const line = log.lines.find(({ msg, caller }) => msg === "rpc" && caller === "bob");
    assert.equal(line?.["method"], "/mcns.v1.ZoneService/ListZones");
    assert.equal(line["outcome"], "HTTP_200");
  });

  test("logs who was refused", async () => {
    await ask("POST", "/v1/zones", {}, "token-of-carol");
    const line = log.lines.find(({ msg, caller }) => msg === "rpc" && caller === "carol");
    assert.equal(line?.["errorCode"], "PERMISSION_DENIED");
  });

  test("serves other paths beside it", async () => {
    assert.deepEqual((await ask("GET", "/healthz")).body, "well");
  });
});

function sealed(): DetailedError {
  return new DetailedError({
    code: "SEALED",
    category: "unavailable",
    attempted: "serve",
    found: "it is sealed",
  });
}
