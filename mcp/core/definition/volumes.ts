import type { ComponentSpec } from "../spec.ts";
import { type Path, type Problem, quote } from "./problem.ts";
import { hasControlCharacter } from "./text.ts";

/** A directory or file of the node, or a volume of the container runtime, that a container sees. */
export interface VolumeMount {
  /** Absolute path, or the name of a volume. */
  readonly source: string;
  readonly destination: string;
  readonly options: readonly string[];
}

export const volumePattern = "^(/[^:]*|[a-zA-Z0-9][a-zA-Z0-9_.-]*):/[^:]+(:[a-zA-Z,]+)?$";
const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

const exclusiveOptions = [
  ["ro", "rw"],
  ["z", "Z"],
  ["exec", "noexec"],
  ["suid", "nosuid"],
  ["dev", "nodev"],
  ["bind", "rbind"],
  ["private", "rprivate", "shared", "rshared", "slave", "rslave"],
  ["U"],
] as const;
const knownOptions: ReadonlySet<string> = new Set(exclusiveOptions.flat());

/** Whether a definition may give this option to a mount. */
export function isVolumeOption(option: string): boolean {
  return knownOptions.has(option);
}

/** Reads `source:destination[:options]`; a string is why it cannot be read. */
export function parseVolumeMount(text: string): VolumeMount | string {
  const [source = "", destination, options, ...rest] = text.split(":");
  if (destination === undefined || rest.length > 0) {
    return `volume ${quote(text)} is not source:destination[:options] (e.g. "/srv/hello:/data:ro")`;
  }
  const wrongSource = sourceProblem(source);
  if (wrongSource !== undefined) return `volume ${quote(text)} has a source that ${wrongSource}`;
  const wrongDestination = pathProblem(destination);
  if (wrongDestination !== undefined)
    return `volume ${quote(text)} has a destination that ${wrongDestination}`;
  if (/^\/+$/.test(destination)) return `volume ${quote(text)} would hide the container's whole file system`;
  const chosen = options === undefined ? [] : options.split(",");
  const wrong = optionsProblem(chosen);
  return wrong === undefined ? { source, destination, options: chosen } : `volume ${quote(text)} ${wrong}`;
}

/** Syntax of every mount, and two mounts on one destination. */
export function checkVolumes(component: ComponentSpec, path: Path): Problem[] {
  const problems: Problem[] = [];
  const destinations = new Set<string>();
  for (const [position, text] of component.volumes.entries()) {
    const at = [...path, "volumes", position];
    const mount = parseVolumeMount(text);
    if (typeof mount === "string") {
      problems.push({ path: at, message: mount });
      continue;
    }
    const destination = mount.destination.replace(/\/+$/, "");
    if (destinations.has(destination)) {
      problems.push({
        path: at,
        message: `volume ${quote(text)} uses destination ${quote(mount.destination)} again`,
      });
    }
    destinations.add(destination);
  }
  return problems;
}

function sourceProblem(source: string): string | undefined {
  if (source === "" || source.startsWith("/")) return pathProblem(source);
  if (volumeName.test(source)) return undefined;
  return `is neither an absolute path nor the name of a volume: ${quote(source)}`;
}

function pathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (!path.startsWith("/")) return `is not absolute: ${quote(path)}`;
  if (hasControlCharacter(path)) return "contains a control character";
  if (path.split("/").some((part) => part === "..")) return `leads through "..": ${quote(path)}`;
  return undefined;
}

function optionsProblem(options: readonly string[]): string | undefined {
  const unknown = options.find((option) => !knownOptions.has(option));
  if (unknown !== undefined) {
    return `has the unknown option ${quote(unknown)} (known: ${[...knownOptions].join(", ")})`;
  }
  for (const group of exclusiveOptions) {
    const chosen = options.filter((option) => (group as readonly string[]).includes(option));
    if (chosen.length > 1) return `has options that exclude each other: ${chosen.join(", ")}`;
  }
  return undefined;
}
