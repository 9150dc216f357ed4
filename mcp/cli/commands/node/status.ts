import type { Command } from "@commander-js/extra-typings";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import type { NodeStatusResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { openContext } from "../../context.ts";
import type { Invocation } from "../../invocation.ts";
import { formatAge, isoTime, timeMsOf } from "../../output/time.ts";
import { failuresJson, failuresView, reportFailures } from "../../view/answers.ts";

export const json = {
  nodes:
    "node, architecture, agent_version, runtime, runtime_version, services, components, cpu_usage_percent, memory_total_bytes, memory_free_bytes, disk_total_bytes, disk_free_bytes, up_since, clock_offset_ms",
  failures: failuresJson,
} as const;

type Row = {
  readonly node: string;
  readonly status: NodeStatusResponse;
  readonly clockOffsetMs: number | null;
};

export function define(command: Command, invocation: Invocation): void {
  command.argument("[node]", "only this node").action(async (name, _, self) => {
    await using context = await openContext(self, invocation);
    const { output } = context;
    const chosen = name === undefined ? context.nodes : context.nodes.only([name]);
    const asked = await chosen.ask(async (agent, signal, node): Promise<Row> => {
      const status = await agent.nodeStatus({}, { signal });
      const theirsMs = timeMsOf(status.now);
      return {
        node,
        status,
        clockOffsetMs: theirsMs === undefined ? null : theirsMs - invocation.clock.now(),
      };
    });
    const rows = asked.answers.map(({ value }) => value);
    if (output.format === "json")
      output.json({ nodes: rows.map(nodeView), failures: failuresView(asked.failures) });
    else {
      const nowMs = invocation.clock.now();
      output.table(
        [
          { heading: "NODE", text: ({ node }) => node },
          { heading: "ARCH", text: ({ status }) => status.architecture },
          { heading: "AGENT", text: ({ status }) => status.agentVersion },
          { heading: "RUNTIME", text: ({ status }) => `${status.runtime} ${status.runtimeVersion}` },
          { heading: "SERVICES", text: ({ status }) => String(status.serviceCount) },
          { heading: "COMPONENTS", text: ({ status }) => String(status.componentCount) },
          { heading: "CPU", text: ({ status }) => `${status.cpuUsagePercent.toFixed(0)} %` },
          {
            heading: "MEMORY FREE",
            text: ({ status }) => share(status.memoryFreeBytes, status.memoryTotalBytes),
          },
          { heading: "DISK FREE", text: ({ status }) => share(status.diskFreeBytes, status.diskTotalBytes) },
          { heading: "UP", text: ({ status }) => formatAge(timeMsOf(status.uptimeSince) ?? nowMs, nowMs) },
        ],
        rows,
      );
    }
    reportFailures(context, asked);
  });
}

function share(freeBytes: bigint, totalBytes: bigint): string {
  return `${sizeText(Number(freeBytes))} of ${sizeText(Number(totalBytes))}`;
}

function nodeView({ node, status, clockOffsetMs }: Row): Record<string, unknown> {
  return {
    node,
    architecture: status.architecture,
    agent_version: status.agentVersion,
    runtime: status.runtime,
    runtime_version: status.runtimeVersion,
    services: status.serviceCount,
    components: status.componentCount,
    cpu_usage_percent: status.cpuUsagePercent,
    memory_total_bytes: Number(status.memoryTotalBytes),
    memory_free_bytes: Number(status.memoryFreeBytes),
    disk_total_bytes: Number(status.diskTotalBytes),
    disk_free_bytes: Number(status.diskFreeBytes),
    up_since: isoTime(status.uptimeSince),
    clock_offset_ms: clockOffsetMs,
  };
}
