import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext } from "@connectrpc/connect";
import { identityKey } from "@metacircular/mcdsl/grpc/caller.ts";
import { McpAgent, PurgeRequestSchema, PurgeResponseSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { aDeploy, anOperation, aWeb, createEngine } from "@metacircular/testkit/engine.ts";
import { refused } from "@metacircular/testkit/memory-runtime.ts";
import { purgeMethods } from "./purge.ts";

const alice = { subject: "1", name: "alice", kind: "human", roles: [], expiresAtMs: Infinity } as const;

test("a component that cannot be purged is told apart from one with the service's name", async () => {
  await using engine = await createEngine();
  const { registry, runtime } = engine;
  await engine.run(aDeploy([aWeb("v1", { name: "hello" }), aWeb("v1", { name: "api" })]));
  await engine.run(anOperation("stop"));
  engine.atStep({ kind: "remove-container", moment: "before", component: "api" }, refused);
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
  const purge = purgeMethods(rpc);
  const answer = await purge.purgeComponents(create(PurgeRequestSchema, { service: "hello" }), context);
  const { results } = create(PurgeResponseSchema, answer);
  assert.deepEqual(
    results.map(({ component, purged, error }) => [component, purged, error?.code]),
    [
      ["hello", true, undefined],
      ["api", false, "RUNTIME_FAILED"],
    ],
  );
  assert.deepEqual(runtime.shown(), ["hello-api exited localhost/web:v1"]);
});
