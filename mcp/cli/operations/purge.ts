import { type DetailedError } from "@metacircular/mcdsl/errors.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import type { PurgeResult } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Context } from "../context.ts";
import type { Definitions } from "../definitions/read-all.ts";
import type { Answers, NodeFailure } from "../nodes/nodes.ts";
import type { Target } from "../target.ts";

/** A registry entry that no definition declares, and what becomes of it. */
export interface PurgeRow {
  readonly node: string;
  readonly result: PurgeResult;
}

export interface Defined {
  readonly service: string;
  /** Empty: all that the service may have. */
  readonly component: string;
}

/** Removing a container with many files takes its time. */
const purgeTimeoutMs = 600_000;
const absent = new Set(["SERVICE_NOT_FOUND", "COMPONENT_NOT_FOUND"]);

/** What the definitions declare for a node. What a file that cannot be used may be about counts as declared, and so
 * does a service whose definition names a node that nobody knows. */
export function definedFor(
  node: string,
  { usable, unusable }: Definitions,
  known: readonly string[],
): Defined[] {
  const declared = usable.flatMap(({ definition }) => {
    const { name: service } = definition;
    if (!known.includes(definition.node)) return [{ service, component: "" }];
    if (definition.node !== node) return [];
    return definition.components.map(({ name: component }) => ({ service, component }));
  });
  const possible = unusable.flatMap(({ mayDefine }) =>
    mayDefine.map((service) => ({ service, component: "" })),
  );
  return [...declared, ...possible];
}

/** What a purge would do. Nodes that have nothing of what is named are left out, unless none has.
 * @throws DetailedError SERVICE_NOT_FOUND, COMPONENT_NOT_FOUND */
export async function planPurge(
  { nodes, config }: Context,
  target: Target,
  definitions: Definitions,
): Promise<Answers<readonly PurgeResult[]>> {
  const known = config.nodes.map(({ name }) => name);
  const asked = await nodes.ask(async (agent, signal, node) => {
    const defined = definedFor(node, definitions, known);
    return (await agent.purgeComponents({ ...target, defined, dryRun: true }, { signal })).results;
  });
  const failures = asked.failures.filter(({ error }) => !absent.has(error.code));
  const missing = asked.failures.find(({ error }) => absent.has(error.code));
  if (missing !== undefined && asked.answers.length + failures.length === 0) throw missing.error;
  return { answers: asked.answers, failures };
}

/** Purges what was planned, service by service, and nothing that was not: all nodes at once. */
export async function carryOutPurge(
  context: Context,
  planned: readonly PurgeRow[],
  target: Target,
  definitions: Definitions,
): Promise<{ rows: PurgeRow[]; failures: NodeFailure[] }> {
  const known = context.config.nodes.map(({ name }) => name);
  const byNode = Map.groupBy(planned, ({ node }) => node);
  const all = [...byNode].map(async ([node, rows]) => {
    const services = new Set(rows.filter(({ result }) => result.purged).map(({ result }) => result.service));
    const untouched = rows.filter(({ result }) => !services.has(result.service));
    const defined = definedFor(node, definitions, known);
    const done: PurgeRow[] = [...untouched];
    for (const service of services) {
      const own = defined.filter((entry) => entry.service === service);
      const request = { service, component: target.component, defined: own };
      const { results } = await context.nodes.call(node, (agent, signal) =>
        agent.purgeComponents(request, { signal, timeoutMs: purgeTimeoutMs }),
      );
      done.push(...results.map((result) => ({ node, result })));
    }
    return done;
  });
  const settled = await Promise.allSettled(all);
  context.invocation.signal.throwIfAborted();
  const names = [...byNode.keys()];
  return {
    rows: settled.flatMap((ended) => (ended.status === "fulfilled" ? ended.value : [])),
    failures: settled.flatMap((ended, index) => {
      if (ended.status === "fulfilled") return [];
      const node = names[index] ?? "";
      const error: DetailedError = fromConnectError(ended.reason, `node ${node}`);
      return [{ node, error }];
    }),
  };
}
