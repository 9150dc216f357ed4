import type { Client } from "@connectrpc/connect";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { type McpAgent, OperationOutcome, type ServiceInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { withAgent } from "../health/agent.ts";
import type { Platform } from "../platform.ts";

/** For one service: its components start one after the other and each may take its whole health deadline. */
const startTimeoutMs = 300_000;

/** How often to ask again while another operation works on a service. */
const busyIntervalMs = 500;

export interface StartedServices {
  readonly started: readonly string[];
  /** What did not start, and why. */
  readonly failed: readonly { readonly service: string; readonly why: string }[];
}

/** Services as the agent sees them now, with freshly observed states. */
export function liveServices(platform: Platform): Promise<ServiceInfo[]> {
  return withAgent(platform, async (agent) => (await agent.liveCheck({})).services);
}

/** Starts every service that should run and does not: after `down`, after a restart of the machine. */
export async function startServices(platform: Platform): Promise<StartedServices> {
  const waiting = (await liveServices(platform)).filter(shouldStart).map(({ name }) => name);
  const started: string[] = [];
  const failed: { service: string; why: string }[] = [];
  await withAgent(platform, async (agent) => {
    for (const service of waiting) {
      const why = await startWhenFree(agent, service, platform.host.clock);
      if (why === undefined) started.push(service);
      else failed.push({ service, why });
    }
  });
  return { started, failed };
}

/** Undefined when it started, else why not. An agent that has just come up may be bringing the service back by
 * itself: then waits for that, so that two who want the same thing do not fail each other. */
async function startWhenFree(
  agent: Client<typeof McpAgent>,
  name: string,
  clock: Clock,
): Promise<string | undefined> {
  const endMs = clock.now() + startTimeoutMs;
  for (;;) {
    const failure = await start(agent, name);
    if (failure?.code !== "OPERATION_IN_PROGRESS" || clock.now() >= endMs) return failure?.why;
    await clock.sleep(busyIntervalMs);
  }
}

interface StartFailure {
  readonly why: string;
  readonly code?: string;
}

async function start(agent: Client<typeof McpAgent>, name: string): Promise<StartFailure | undefined> {
  try {
    const response = await agent.startService({ name }, { timeoutMs: startTimeoutMs });
    const { outcome, results } = response;
    if (outcome === OperationOutcome.SUCCEEDED || outcome === OperationOutcome.UNCHANGED) return undefined;
    const error = results.map((result) => result.error).find((text) => text !== "");
    return { why: error ?? "the agent does not say why" };
  } catch (thrown) {
    const { message, code } = fromConnectError(thrown, name);
    return { why: message, code };
  }
}

function shouldStart({ active, components }: ServiceInfo): boolean {
  return (
    active &&
    components.some(
      ({ desiredState, observedState }) => desiredState === "running" && observedState !== "running",
    )
  );
}
