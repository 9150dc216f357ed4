import type { Client } from "@connectrpc/connect";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { type McpAgent, OperationOutcome, type ServiceInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { withAgent } from "../health/agent.ts";
import type { Platform } from "../platform.ts";

/** For one service: its components start one after the other and each may take its whole health deadline. */
const startTimeoutMs = 300_000;

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
      const why = await start(agent, service);
      if (why === undefined) started.push(service);
      else failed.push({ service, why });
    }
  });
  return { started, failed };
}

/** Undefined when it started, else why not. */
async function start(agent: Client<typeof McpAgent>, name: string): Promise<string | undefined> {
  try {
    const response = await agent.startService({ name }, { timeoutMs: startTimeoutMs });
    const { outcome, results } = response;
    if (outcome === OperationOutcome.SUCCEEDED || outcome === OperationOutcome.UNCHANGED) return undefined;
    return results.map(({ error }) => error).find((error) => error !== "") ?? "the agent does not say why";
  } catch (thrown) {
    return fromConnectError(thrown, name).message;
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
