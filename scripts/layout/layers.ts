/** Who may import whom. Imports point one way: from the top of this list to its bottom, and services meet
 * only in each other's `client.ts`. */

const services = [
  "mcias",
  "metacrypt",
  "mcr",
  "mc-proxy",
  "mcns",
  "mcdoc",
  "mcat",
  "mcp/agent",
  "mcp/cli",
  "mcp/web",
] as const;

export type Layer = (typeof services)[number] | "proto" | "mcp/core" | "mcdsl" | "client" | Top;
type Top = "metacircular" | "testkit" | "bench" | "scripts";

const basis: readonly Layer[] = ["proto", "mcp/core", "mcdsl", "client"];
const platform: readonly Layer[] = [...basis, ...services, "metacircular"];

const mayImport: ReadonlyMap<Layer, readonly Layer[]> = new Map<Layer, readonly Layer[]>([
  ["bench", [...platform, "testkit"]],
  ["testkit", platform],
  ["scripts", platform],
  ["metacircular", [...basis, ...services]],
  ...services.map((service): [Layer, readonly Layer[]] => [service, basis]),
  ["client", ["proto", "mcp/core", "mcdsl"]],
  ["mcdsl", ["proto", "mcp/core"]],
  ["mcp/core", ["proto"]],
  ["proto", []],
]);

const folders: readonly Layer[] = [...mayImport.keys()].filter((layer) => layer !== "client");

/** The workspace that a path lies in; undefined outside all of them. */
export function workspaceOf(path: string): Exclude<Layer, "client"> | undefined {
  const folder = folders.find((candidate) => path.startsWith(`${candidate}/`));
  return folder === "client" ? undefined : folder;
}

/** The layer of a file: its workspace, but `client` for a service's `client.ts` and the folder behind it. */
export function layerOf(path: string): Layer | undefined {
  const workspace = workspaceOf(path);
  if (workspace === undefined) return undefined;
  return path === `${workspace}/client.ts` || path.startsWith(`${workspace}/client/`) ? "client" : workspace;
}

/** A test, or something that only tests use. */
export function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.includes("/test/");
}

/** Whether a file may import another. Tests may do what the files beside them may, and use the testkit. */
export function isAllowed(from: string, to: string): boolean {
  const source = layerOf(from);
  const target = layerOf(to);
  if (source === undefined || target === undefined) return source === target;
  const sameWorkspace = workspaceOf(from) === workspaceOf(to);
  if (sameWorkspace && (source === target || source !== "client" || isTest(from))) return true;
  if (/\/client\//.test(to) && !sameWorkspace) return false;
  if (isTest(from) && target === "testkit") return true;
  return mayImport.get(source)?.includes(target) ?? false;
}
