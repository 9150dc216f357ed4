import assert from "node:assert/strict";
import type { Client } from "@connectrpc/connect";
import { type McpAgent, OperationOutcome, type ServiceSpec } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";

/** Ends at SIGTERM, which most commands ignore as the first process. */
export const lasting = "localhost/web:silent";

/** A node on which somebody creates containers by hand. */
export interface AdoptionNode extends AsyncDisposable {
  readonly node: TestNode;
  client(): Client<typeof McpAgent>;
  podman(...args: string[]): Promise<string>;
  /** Runs containers, a few at a time, as an operator would: `name options… image arguments…`. */
  byHand(...commands: readonly (readonly string[])[]): Promise<void>;
  /** Id, start and state of each. */
  identities(...names: readonly string[]): Promise<string>;
  /** What an export of the service would say. */
  specOf(service: string): Promise<ServiceSpec>;
  /** Deploying what the node says it runs must be no change at all. */
  assertRoundTrip(service: string, names: readonly string[]): Promise<void>;
}

export async function createAdoptionNode(): Promise<AdoptionNode> {
  const node = await createTestNode();
  const client = () => node.agent.client;
  const podman = (...args: string[]) => node.podman.cli(...args);
  const identities = (...names: readonly string[]) =>
    podman("inspect", ...names, "--format", "{{.Id}} {{.State.StartedAt}} {{.State.Status}}");
  async function specOf(service: string): Promise<ServiceSpec> {
    const { services } = await client().getServiceStatus({ name: service });
    const spec = services.find(({ name }) => name === service)?.spec;
    assert.ok(spec !== undefined, `${service} has no specification`);
    return spec;
  }
  return {
    ...{ node, client, podman, identities, specOf },
    async byHand(...commands) {
      for (let at = 0; at < commands.length; at += 4) {
        const some = commands.slice(at, at + 4);
        await Promise.all(some.map(([name = "", ...rest]) => podman("run", "-d", "--name", name, ...rest)));
      }
    },
    async assertRoundTrip(service, names) {
      const existing = await identities(...names);
      const spec = await specOf(service);
      const { steps } = await client().planDeploy({ service: spec });
      assert.deepEqual(
        steps.map(({ description }) => description),
        [],
      );
      const { outcome } = await client().deploy({ service: spec });
      assert.equal(outcome, OperationOutcome.UNCHANGED);
      assert.equal(await identities(...names), existing, "another container, or started again");
      const { drift } = await client().getServiceStatus({ name: service });
      assert.deepEqual(drift, []);
    },
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  };
}
