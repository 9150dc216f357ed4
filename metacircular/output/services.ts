import type { ComponentInfo, ServiceInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

const probeTimeoutMs = 3_000;

/** A line for each component: name, state, version and the address at which it answers. */
export async function serviceLines(services: readonly ServiceInfo[]): Promise<string[]> {
  const rows = services.flatMap(({ name, components }) =>
    components.map(async (component) => [
      `${name}/${component.name}`,
      component.observedState,
      component.version,
      await addressOf(component),
    ]),
  );
  return alignColumns(await Promise.all(rows));
}

/** Lines of a table; columns are as wide as their widest cell. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd(),
  );
}

/** Where a component's routes are on this machine, with a word on whether one speaks HTTP there now. */
async function addressOf({ routes, observedState }: ComponentInfo): Promise<string> {
  if (observedState !== "running") return "";
  const texts = routes
    .filter(({ hostPort }) => hostPort > 0)
    .map(async ({ hostPort, mode }) => {
      const url = `${mode === "l4" ? "https" : "http"}://127.0.0.1:${hostPort}/`;
      if (mode === "l4") return url;
      return (await answers(url)) ? url : `${url} (does not answer)`;
    });
  return (await Promise.all(texts)).join(" ");
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(probeTimeoutMs), redirect: "manual" });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}
