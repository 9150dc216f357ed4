import type { MessageShape } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import type { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import {
  type ServiceSpec,
  ServiceSpecSchema,
  type ServiceSyncResult,
  type SyncResponseSchema,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Context } from "../context.ts";
import type { AgentClient } from "../nodes/connection.ts";
import type { Answers } from "../nodes/nodes.ts";

/** What one node made of the definitions that name it. */
export interface NodeSync {
  readonly results: readonly ServiceSyncResult[];
  /** Definitions that its agent could not take, with those around them. */
  readonly failures: readonly { readonly service: string; readonly error: DetailedError }[];
  readonly unmanaged: MessageShape<typeof SyncResponseSchema>["unmanaged"];
}

/** What an agent takes at once: well below its limit for a message, and few enough to be heard of again soon. */
const batchBytes = 1024 * 1024;
const batchServices = 100;
/** Stopping what is inactive takes its time. */
const batchTimeoutMs = 600_000;
const listTimeoutMs = 5_000;

/** Sends each node its definitions, all nodes at once. A node without any is asked all the same. */
export function syncNodes(
  context: Context,
  byNode: ReadonlyMap<string, readonly ServiceSpec[]>,
  dryRun: boolean,
): Promise<Answers<NodeSync>> {
  return context.nodes
    .only([...byNode.keys()])
    .ask((agent, signal, node) =>
      syncNode(agent, { node, specs: byNode.get(node) ?? [], dryRun, signal, context }),
    );
}

async function syncNode(
  agent: AgentClient,
  about: {
    node: string;
    specs: readonly ServiceSpec[];
    dryRun: boolean;
    signal: AbortSignal;
    context: Context;
  },
): Promise<NodeSync> {
  const { node, specs, dryRun, signal, context } = about;
  const results: ServiceSyncResult[] = [];
  const failures: { service: string; error: DetailedError }[] = [];
  let unmanaged: NodeSync["unmanaged"] = [];
  let done = 0;
  for (const services of batches(specs)) {
    try {
      const request = { services: [...services], dryRun };
      const response = await agent.syncDesiredState(request, { signal, timeoutMs: batchTimeoutMs });
      results.push(...response.results);
      ({ unmanaged } = response);
    } catch (thrown) {
      // Nothing was learnt from this node yet: that is its answer.
      if (done === 0) throw thrown;
      const error = fromConnectError(thrown, `node ${node}`);
      const lost = isNodeLost(error) ? specs.slice(done) : services;
      failures.push(...lost.map(({ name }) => ({ service: name, error })));
      if (isNodeLost(error)) break;
    }
    done += services.length;
    if (done < specs.length) context.output.say(`${node}: ${done} of ${specs.length} definitions`);
  }
  return { results, failures, unmanaged };
}

/** Cuts a long list into pieces that fit into a message. At least one, which may be empty. */
function batches(specs: readonly ServiceSpec[]): ServiceSpec[][] {
  const [first, ...rest] = specs;
  let batch: ServiceSpec[] = first === undefined ? [] : [first];
  let bytes = first === undefined ? 0 : sizeBytes(first);
  const all = [batch];
  for (const spec of rest) {
    const size = sizeBytes(spec);
    if (batch.length >= batchServices || bytes + size > batchBytes) {
      batch = [];
      bytes = 0;
      all.push(batch);
    }
    batch.push(spec);
    bytes += size;
  }
  return all;
}

function sizeBytes(spec: ServiceSpec): number {
  return toBinary(ServiceSpecSchema, spec).length;
}

function isNodeLost({ category }: DetailedError): boolean {
  return ["unavailable", "deadline-exceeded", "unauthenticated", "permission-denied"].includes(category);
}

/** By service, the nodes that have it in their registry and manage it. Nodes that do not answer at once are left
 * out. */
export async function holders(context: Context): Promise<Map<string, string[]>> {
  const { answers } = await context.nodes.ask((agent, signal) =>
    agent.listServices({}, { signal, timeoutMs: listTimeoutMs }),
  );
  const managed = answers.flatMap(({ node, value }) =>
    value.services
      .filter(({ components }) => components.some(({ desiredState }) => desiredState !== "ignore"))
      .map(({ name }) => ({ node, name })),
  );
  const byService = Map.groupBy(managed, ({ name }) => name);
  return new Map([...byService].map(([name, list]) => [name, list.map(({ node }) => node)]));
}
