import { realpathSync } from "node:fs";
import { dirname, relative } from "node:path";

/** Names in the services' directory that lead to files of the agent itself: a service of such a name has no files
 * of its own. A path that does not exist yet counts by its nearest directory that does. */
export function ownDirectories(servicesDir: string, ownFiles: readonly string[]): ReadonlySet<string> {
  const services = real(servicesDir);
  const names = ownFiles.map((file) => relative(services, real(file)).split("/")[0] ?? "");
  return new Set(names.filter((name) => name !== "" && name !== ".."));
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : `${real(parent)}${path.slice(parent === "/" ? 0 : parent.length)}`;
  }
}
