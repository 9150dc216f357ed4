import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { ComponentInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { PlatformStatus, ProgramStatus } from "../health/status.ts";
import { alignColumns, serviceLines } from "./services.ts";
import { quoteForShell } from "./shell.ts";

/** Status for programs. Keys are stable. */
export function statusJson(state: string, status: PlatformStatus | undefined): object {
  return {
    ok: status?.ok ?? false,
    state,
    node: status?.node ?? null,
    programs: (status?.programs ?? []).map((program) => ({
      name: program.name,
      running: program.pid !== undefined,
      healthy: program.problem === "",
      problem: program.problem,
      pid: program.pid ?? null,
      started: isoTime(program.startedAtMs),
      address: program.address,
      restarts: program.restarts,
      last_end:
        program.lastEnd === undefined
          ? null
          : { time: isoTime(program.lastEnd.atMs), how: program.lastEnd.how },
    })),
    services:
      status?.services?.map(({ name, active, components }) => ({
        name,
        active,
        components: components.map(componentJson),
      })) ?? null,
    services_problem: status?.servicesProblem ?? "",
  };
}

/** Status for people. */
export async function statusText(
  state: string,
  status: PlatformStatus | undefined,
  nowMs: number,
): Promise<string> {
  if (status === undefined)
    return `No platform was started in ${state}.\nStart one with: metacircular up --state ${quoteForShell(state)}\n`;
  const services =
    status.services === undefined
      ? [`  unknown: ${agentDown(status) ? "mcp-agent does not run" : status.servicesProblem}`]
      : status.services.length === 0
        ? ["  none"]
        : await serviceLines(status.services);
  const lines = [
    `Node ${status.node}, state in ${state}`,
    "",
    ...alignColumns(status.programs.map((program) => programCells(program, nowMs))),
    "",
    "Services",
    ...services,
    ...(status.programs.every(({ problem }) => problem === "")
      ? []
      : ["", `Start what is down with: metacircular up --state ${quoteForShell(state)}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function agentDown({ programs }: PlatformStatus): boolean {
  return programs.some(({ name, pid }) => name === "mcp-agent" && pid === undefined);
}

function programCells(program: ProgramStatus, nowMs: number): string[] {
  const { name, pid, startedAtMs, address, problem, restarts, lastEnd } = program;
  const since = startedAtMs === undefined ? "" : `pid ${pid}, up ${duration(nowMs - startedAtMs)}`;
  const ended =
    lastEnd === undefined ? "" : `, last time it ${lastEnd.how} ${duration(nowMs - lastEnd.atMs)} ago`;
  const history =
    restarts === 0 && lastEnd === undefined
      ? ""
      : `${restarts} ${restarts === 1 ? "restart" : "restarts"}${ended}`;
  return [name, problem === "" ? "healthy" : "DOWN", since, address, problem === "" ? history : problem];
}

function componentJson(component: ComponentInfo): object {
  return {
    name: component.name,
    container: component.container,
    image: component.image,
    desired_state: component.desiredState,
    observed_state: component.observedState,
    started: component.started === undefined ? null : timestampDate(component.started).toISOString(),
    host_ports: component.routes.map(({ hostPort }) => hostPort),
  };
}

function isoTime(timestampMs: number | undefined): string | null {
  return timestampMs === undefined ? null : new Date(timestampMs).toISOString();
}

function duration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
