import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { probeCommand } from "./command.ts";
import { probeHttp } from "./http.ts";
import { probeTcp } from "./tcp.ts";

/** Resolves when the container is healthy; rejects with what was found instead. */
export type Probe = (timeoutMs: number, signal: AbortSignal) => Promise<void>;

/** The probe that a step declares, or undefined where running is enough. */
export function probeOf(
  { health: { probe }, hostPorts, firstRoute }: StepOf<"await-healthy">,
  container: string,
  runtime: Runtime,
): Probe | undefined {
  switch (probe.kind) {
    case "settle":
      return undefined;
    case "cmd":
      return (timeoutMs, signal) => probeCommand(runtime, container, probe.argv, timeoutMs, signal);
    case "http": {
      const port = hostPorts[probe.route === "" ? firstRoute : probe.route] ?? 0;
      return (timeoutMs, signal) => probeHttp(port, probe.path, timeoutMs, signal);
    }
    case "tcp": {
      const port = hostPorts[probe.route === "" ? firstRoute : probe.route] ?? 0;
      return (timeoutMs, signal) => probeTcp(port, timeoutMs, signal);
    }
  }
}
