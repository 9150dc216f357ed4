import { randomUUID } from "node:crypto";

import type { CallOptions } from "@connectrpc/connect";
import { type DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";

import type { Context } from "../context.ts";
import type { AgentClient } from "../nodes/connection.ts";
import { followOperation } from "./follow.ts";
import { Progress } from "./progress.ts";

/** Longest time that an operation may take: pulling a large image over a slow line. */
const operationTimeoutMs = 3_600_000;
/** Longest wait for the agent to come back when the connection is lost in the middle. */
const reconnectMs = 60_000;
const retryEveryMs = 500;
/** Longest wait for progress to be listened to before the operation starts, and for its last events. */
const courtesyMs = 2_000;

/** How to start an operation. Sending the same id again returns the same operation's result. */
export type Start<R> = (agent: AgentClient, operationId: string, options: CallOptions) => Promise<R>;

/** Runs an operation on a node and shows its progress. When the connection is lost while it runs, waits for the
 * agent and asks for the result again. Interrupting leaves it running, and says so.
 * @throws DetailedError */
export async function runOperation<R>(context: Context, node: string, start: Start<R>): Promise<R> {
  const { nodes, output, invocation } = context;
  const operationId = randomUUID();
  const agent = nodes.agent(node);
  const progress = new Progress(output);
  const over = new AbortController();
  const listening = Promise.withResolvers<void>();
  const followed = followOperation(
    agent,
    operationId,
    {
      event: ({ event }) => progress.show(event),
      ready: listening.resolve,
      failed: (thrown) =>
        output.explain(`no progress: ${messageOf(fromConnectError(thrown, `node ${node}`))}`),
    },
    AbortSignal.any([over.signal, invocation.signal]),
  );
  try {
    await within(courtesyMs, listening.promise, context);
    return await startUntilAnswered(context, node, progress, (options) => start(agent, operationId, options));
  } catch (thrown) {
    progress.end();
    if (invocation.signal.aborted) sayItContinues(context, node, operationId);
    throw fromConnectError(thrown, `node ${node}`);
  } finally {
    await within(courtesyMs, followed, context);
    over.abort();
    await followed;
    progress.end();
  }
}

async function startUntilAnswered<R>(
  { invocation, output }: Context,
  node: string,
  progress: Progress,
  start: (options: CallOptions) => Promise<R>,
): Promise<R> {
  const { clock, signal } = invocation;
  let lostAtMs: number | undefined;
  for (;;) {
    try {
      return await start({ signal, timeoutMs: operationTimeoutMs });
    } catch (thrown) {
      const failure = fromConnectError(thrown, `node ${node}`);
      if (!progress.started || !isLostConnection(failure) || signal.aborted) throw failure;
      lostAtMs ??= clock.now();
      if (clock.now() - lostAtMs > reconnectMs) throw failure;
      progress.end();
      output.explain(`lost the connection to node ${node}; waiting for it`);
      await clock.sleep(retryEveryMs, signal);
    }
  }
}

function isLostConnection(error: DetailedError): boolean {
  return error.category === "unavailable";
}

/** Waits for the promise, but no longer than that; rejects only when interrupted. */
async function within(durationMs: number, promise: Promise<void>, { invocation }: Context): Promise<void> {
  const enough = new AbortController();
  const signal = AbortSignal.any([enough.signal, invocation.signal]);
  const timer = invocation.clock.sleep(durationMs, signal).catch(() => {});
  await Promise.race([promise, timer]);
  enough.abort();
}

function sayItContinues({ output }: Context, node: string, operationId: string): void {
  output.complain(
    "interrupted; the operation continues on the node.",
    `follow it with: mcp events --follow --operation ${operationId} --node ${node}`,
  );
}
