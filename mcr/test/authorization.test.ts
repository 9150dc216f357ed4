import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { create, type DescMethodUnary, toJson } from "@bufbuild/protobuf";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { file_mcr_v1_operation } from "@metacircular/proto/gen/mcr/v1/operation_pb.ts";
import { file_mcr_v1_registry } from "@metacircular/proto/gen/mcr/v1/registry_pb.ts";
import { file_mcr_v1_rules } from "@metacircular/proto/gen/mcr/v1/rules_pb.ts";
import { accessTable, type Fields, restForm } from "@metacircular/testkit/access-table.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import { imageDigest, pushImage } from "./push-image.ts";

const golden = new URL("golden/authorization.txt", import.meta.url);
const files = [file_mcr_v1_registry, file_mcr_v1_rules, file_mcr_v1_operation];
const methods = files
  .flatMap(({ services }) => services)
  .flatMap(({ methods }) => methods) as DescMethodUnary[];

/** Repository in which the person `developer` may pull and delete, besides the administrators. */
const repository = "team/app";

describe("who may do what by the API", () => {
  let registry: TestRegistry;
  /** Token by caller; undefined: none. */
  let callers: ReadonlyMap<string, string | undefined>;
  let digest = "";

  before(async () => {
    registry = await startTestRegistry();
    const { admin, user, system } = registry;
    callers = new Map([
      ["nobody", undefined],
      ["guest", (await registry.person("visitor", ["guest"])).token],
      ["user", user.token],
      ["developer", (await registry.person("developer", ["user"])).token],
      ["admin", admin.token],
      ["system", system.token],
    ]);
    await registry.putRule("access", "developer", {
      effect: "EFFECT_ALLOW",
      accounts: ["developer"],
      repositories: ["team/**"],
      actions: ["pull", "delete"],
    });
    digest = await pushImage(registry, repository, "v1");
  });
  after(() => registry[Symbol.asyncDispose]());

  let count = 0;
  const fresh = (): string => `n${(count += 1)}`;
  const freshRepository = async (): Promise<string> => {
    const name = `team/${fresh()}`;
    await pushImage(registry, name, "x");
    return name;
  };
  const freshRule = async (kind: "access" | "immutability" | "quotas" | "retention"): Promise<string> => {
    const id = fresh();
    const others = { repositories: ["x"] };
    const access = { effect: "EFFECT_ALLOW", accounts: ["x"] };
    const retention = { repositories: "x" };
    await registry.putRule(kind, id, { immutability: others, quotas: others, access, retention }[kind]);
    return id;
  };
  let run: Promise<string> | undefined;
  /** One that has ended; the same for all who only look at it. */
  const aRun = (): Promise<string> => (run ??= beginRun());
  const beginRun = async (): Promise<string> => {
    await allEnded();
    const { status, body } = await registry.rest("POST", "/v1/garbage-collections", { dry_run: true });
    assert.equal(status, 200, JSON.stringify(body));
    const { id } = body as { id: string };
    await ended(id);
    return id;
  };
  const ended = (id: string): Promise<void> =>
    eventually(async () => {
      const { body } = await registry.rest("GET", `/v1/garbage-collections/${id}`);
      assert.notEqual((body as { state: string }).state, "running");
    });
  /** So that the next one may begin. */
  const allEnded = (): Promise<void> =>
    eventually(async () => {
      const { body } = await registry.rest("GET", "/v1/garbage-collections");
      const runs = (body as { runs: { state: string }[] }).runs;
      assert.ok(runs.every(({ state }) => state !== "running"));
    });

  /** A request that works for who may make it, about things made for it. */
  const requests: Readonly<Record<string, () => Fields | Promise<Fields>>> = {
    ListRepositories: () => ({}),
    GetRepository: () => ({ name: repository }),
    DeleteRepository: async () => ({ name: await freshRepository() }),
    ListTags: () => ({ repository }),
    DeleteTag: async () => ({ repository: await freshRepository(), tag: "x" }),
    GetManifest: () => ({ repository, reference: "v1" }),
    DeleteManifest: async () => ({ repository: await freshRepository(), digest: imageDigest("x") }),
    ListReferrers: () => ({ repository, digest }),
    ListPulls: () => ({ repository }),
    ListAccessRules: () => ({}),
    PutAccessRule: () => ({ rule: { id: fresh(), effect: 1, accounts: ["x"] } }),
    DeleteAccessRule: async () => ({ id: await freshRule("access") }),
    ListImmutabilityRules: () => ({}),
    PutImmutabilityRule: () => ({ rule: { id: fresh() } }),
    DeleteImmutabilityRule: async () => ({ id: await freshRule("immutability") }),
    ListQuotaRules: () => ({}),
    PutQuotaRule: () => ({ rule: { id: fresh(), repositories: ["x"] } }),
    DeleteQuotaRule: async () => ({ id: await freshRule("quotas") }),
    ListRetentionRules: () => ({}),
    PutRetentionRule: () => ({ rule: { id: fresh(), repositories: "x" } }),
    DeleteRetentionRule: async () => ({ id: await freshRule("retention") }),
    ExplainRules: () => ({ repository, account: "ada" }),
    StartGarbageCollection: async () => {
      await allEnded();
      return { dryRun: true };
    },
    GetGarbageCollection: async () => ({ id: await aRun() }),
    ListGarbageCollectionItems: async () => ({ id: await aRun() }),
    ListGarbageCollections: async () => {
      await allEnded();
      return {};
    },
    ListAuditEntries: () => ({ limit: 3 }),
    GetStatus: () => ({}),
  };

  test("is the same by REST and by gRPC, for every method that is described", async () => {
    const rest = registry.rest.bind(registry);
    const found = await accessTable({ ...registry, rest }, methods, callers, requests);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, found);
    assert.equal(found, readFileSync(golden, "utf8"));
  });

  test("answers the same by REST and by gRPC", async () => {
    // Others change something, or look at what the other form was written down as.
    const isRead = ({ name }: DescMethodUnary): boolean =>
      /^(?:Get|List|Explain)/u.test(name) && name !== "ListAuditEntries";
    const token = callers.get("admin");
    await using transport = createGrpcClientTransport({
      address: registry.grpcAddress,
      caFile: registry.caFile,
      timeoutMs: 60_000,
      token: () => Promise.resolve(token ?? ""),
    });
    const reads = methods.filter(isRead);
    assert.ok(reads.length > 10);
    for (const method of reads) {
      const init = (await requests[method.name]?.()) ?? {};
      const message = create(method.input, init);
      const { message: answer } = await transport.unary(method, undefined, undefined, undefined, message);
      const byGrpc = toJson(method.output, answer, { useProtoFieldName: true, alwaysEmitImplicit: true });
      const { verb, path, body } = restForm(method, init);
      const { body: byRest } = await registry.rest(verb, path, body);
      assert.deepEqual(byRest, byGrpc, method.name);
    }
  });

  test("shows in lists only what the caller may pull", async () => {
    await pushImage(registry, "private/app", "x");
    const namesFor = async (caller: string): Promise<string[]> => {
      const { body } = await registry.rest(
        "GET",
        "/v1/repositories?limit=1000",
        undefined,
        callers.get(caller),
      );
      return (body as { repositories: { name: string }[] }).repositories.map(({ name }) => name);
    };
    assert.deepEqual(await namesFor("user"), []);
    const developers = await namesFor("developer");
    assert.ok(developers.includes(repository) && !developers.includes("private/app"), developers.join(" "));
    assert.ok((await namesFor("system")).includes("private/app"));
    const { status, body } = await registry.rest(
      "GET",
      "/v1/repositories/private/none",
      undefined,
      callers.get("user"),
    );
    // Nothing tells whether it is there.
    assert.deepEqual([status, (body as { error: { code: string } }).error.code], [403, "PERMISSION_DENIED"]);
  });
});
