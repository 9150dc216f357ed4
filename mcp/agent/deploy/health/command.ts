import type { Runtime } from "../../runtime/runtime.ts";

/** Healthy: the command exits 0 inside the container. */
export async function probeCommand(
  runtime: Runtime,
  container: string,
  argv: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { exitCode, output } = await runtime.exec(container, argv, timeoutMs, signal);
  if (exitCode === 0) return;
  const said = output.trim().split("\n").at(-1)?.slice(0, 200) ?? "";
  throw new Error(`its health command ended with ${exitCode}${said === "" ? "" : `: ${said}`}`);
}
