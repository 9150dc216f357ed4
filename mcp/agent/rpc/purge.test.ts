import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext } from "@connectrpc/connect";
import { identityKey } from "@metacircular/mcdsl/grpc/caller.ts";
import { McpAgent, PurgeRequestSchema, PurgeResponseSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { aDeploy, anOperation, aWeb, createEngine, type Engine } from "@metacircular/testkit/engine.ts";
import { refused } from "@metacircular/testkit/memory-runtime.ts";
import { purgeMethods } from "./purge.ts";

const alice = { subject: "1", name: "alice", kind: "human", roles: [], expiresAtMs: Infinity } as const;

async function stopped(...names: readonly string[]): Promise<Engine> {
  const engine = await createEngine();
  await engine.run(aDeploy(names.map((name) => aWeb("v1", { name }))));
  await engine.run(anOperation("stop"));
  return engine;
}

async function purge(engine: Engine, request: MessageInitShape<typeof PurgeRequestSchema>) {
  const { registry, runtime } = engine;
  const observer = {
    observe: async () => ({ atMs: 0, containers: await runtime.list(), observations: [] }),
    sweep: () => false,
    subscribe: () => new DisposableStack(),
  };
  const rpc = { observer, registry, deployer: engine.deployer(), newId: () => "purge" };
  const context = createHandlerContext({
    ...{ service: McpAgent, method: McpAgent.method.purgeComponents },
    ...{ protocolName: "grpc", requestMethod: "POST", url: "" },
    contextValues: createContextValues().set(identityKey, alice),
  });
  const { purgeComponents } = purgeMethods(rpc);
  const answer = await purgeComponents(create(PurgeRequestSchema, request), context);
  return create(PurgeResponseSchema, answer).results;
}

test("a component that cannot be purged is told apart from one with the service's name", async () => {
  await using engine = await stopped("hello", "api");
  engine.atStep({ kind: "remove-container", moment: "before", component: "api" }, refused);
  const results = await purge(engine, { service: "hello" });
  assert.deepEqual(
    results.map(({ component, purged, error }) => [component, purged, error?.code]),
    [
      ["hello", true, undefined],
      ["api", false, "RUNTIME_FAILED"],
    ],
  );
  assert.deepEqual(engine.runtime.shown(), ["hello-api exited localhost/web:v1"]);
});

test("a service whose last component is purged keeps its revisions where it is still defined", async () => {
  await using engine = await stopped("web");
  const results = await purge(engine, { defined: [{ service: "hello", component: "app" }] });
  assert.deepEqual(
    results.map(({ component, purged }) => [component, purged]),
    [["web", true]],
  );
  assert.equal(engine.registry.revisions.list("hello", 9).length, 1);
  assert.deepEqual(engine.registry.services.names(), ["hello"]);
});
