import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import type { ServiceInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { liveServices } from "../bootstrap/services.ts";
import type { Platform } from "../platform.ts";
import { ownProcesses, type Process, startedAtMs } from "../processes/process-table.ts";
import { findSupervisor } from "../supervisor/launch.ts";
import { isInstance, programs } from "../supervisor/programs.ts";
import { readRecord, type SupervisorRecord } from "../supervisor/record.ts";
import { healthChecks } from "./checks.ts";

export interface ProgramStatus {
  readonly name: string;
  /** Undefined: it does not run. */
  readonly pid: number | undefined;
  readonly startedAtMs: number | undefined;
  /** Where it is reached; empty: nowhere. */
  readonly address: string;
  /** Why it is not healthy; empty: it is. */
  readonly problem: string;
  readonly restarts: number;
  readonly lastEnd: { readonly atMs: number; readonly how: string } | undefined;
}

export interface PlatformStatus {
  /** Everything that should run does. */
  readonly ok: boolean;
  readonly node: string;
  readonly programs: readonly ProgramStatus[];
  /** Undefined: the agent could not be asked. */
  readonly services: readonly ServiceInfo[] | undefined;
  /** Why not; empty: it could be. */
  readonly servicesProblem: string;
}

/** Asks the kernel which programs run, and each of them whether it works. */
export async function readStatus(platform: Platform): Promise<PlatformStatus> {
  const { layout, settings, host } = platform;
  const [processes, supervisor, record] = await Promise.all([
    ownProcesses(),
    findSupervisor(layout),
    readRecord(layout.record),
  ]);
  const checks = healthChecks(platform);
  const found = await Promise.all([
    programStatus("supervisor", supervisor, record, { address: "", check: () => Promise.resolve() }),
    ...programs(layout, host.checkout).map((program) => {
      const process = processes.find(({ argv }) => isInstance(program, argv));
      return programStatus(program.name, process, record, checks[program.name]);
    }),
  ]);
  let services: ServiceInfo[] | undefined;
  const servicesProblem = await problemOf(async () => {
    services = await liveServices(platform);
  });
  const ok = found.every(({ problem }) => problem === "") && services?.every(isAsWanted) === true;
  return { ok, node: settings.node, programs: found, services, servicesProblem };
}

async function programStatus(
  name: string,
  process: Process | undefined,
  record: SupervisorRecord | undefined,
  { address, check }: { address: string; check: () => Promise<void> },
): Promise<ProgramStatus> {
  const recorded = record?.programs.find((program) => program.name === name);
  return {
    name,
    pid: process?.pid,
    startedAtMs: process === undefined ? undefined : startedAtMs(process),
    address,
    problem: process === undefined ? "does not run" : await problemOf(check),
    restarts: recorded?.restarts ?? 0,
    lastEnd: recorded?.lastEnd,
  };
}

async function problemOf(check: () => Promise<void>): Promise<string> {
  try {
    await check();
    return "";
  } catch (thrown) {
    return fromConnectError(thrown).message;
  }
}

function isAsWanted({ components }: ServiceInfo): boolean {
  return components.every(({ desiredState, observedState }) => {
    return desiredState !== "running" || observedState === "running";
  });
}
