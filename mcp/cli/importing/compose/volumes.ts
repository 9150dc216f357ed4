import { join } from "node:path";

import { parseVolumeMount } from "@metacircular/mcp-core/definition/volumes.ts";

import type { Place, Report } from "../report.ts";
import { entryOf, isTrue, itemsOf, type Located, textOf } from "./located.ts";

/** What volumes are resolved against. */
export interface VolumeScope {
  /** Directory of the file. */
  readonly directory: string;
  readonly home: string;
  /** What a named volume is called on the node. */
  readonly volumeName: (name: string) => string;
  readonly report: Report;
}

interface Mount {
  readonly source: string;
  readonly target: string;
  readonly options: readonly string[];
}

/** Options that only mean something elsewhere, or nothing. */
const withoutEffect = new Set(["consistent", "cached", "delegated"]);

/** Volumes in the form of a definition. Relative paths start at the file's directory. Of two on one destination the
 * later one counts. */
export function volumesOf(node: Located | undefined, key: string, scope: VolumeScope): string[] {
  const byTarget = new Map<string, string>();
  for (const item of itemsOf(node)) {
    const mount = item.kind === "map" ? longMount(item, key, scope.report) : shortMount(textOf(item) ?? "");
    if (mount === undefined) continue;
    const volume = mount.source === "" ? undefined : written(mount, { place: item.place, key }, scope);
    if (volume !== undefined) byTarget.set(mount.target.replace(/(.)\/+$/, "$1"), volume);
    else if (mount.source === "") {
      const message =
        mount.target === ""
          ? "it is not understood"
          : `${mount.target}: a volume without a name is not kept; name it, or use a directory`;
      scope.report.add("left-out", item.place, key, message);
    }
  }
  return [...byTarget.values()];
}

function shortMount(text: string): Mount {
  const [first = "", second, options] = text.split(":");
  if (second === undefined) return { source: "", target: first, options: [] };
  return { source: first, target: second, options: options === undefined ? [] : options.split(",") };
}

function longMount(node: Located, key: string, report: Report): Mount | undefined {
  const type = textOf(entryOf(node, "type")) ?? "volume";
  const target = textOf(entryOf(node, "target")) ?? "";
  if (type !== "bind" && type !== "volume") {
    report.add("left-out", node.place, key, `${target}: a definition has no mounts of type ${type}`);
    return undefined;
  }
  const bind = entryOf(node, "bind");
  const [propagation, selinux] = [textOf(entryOf(bind, "propagation")), textOf(entryOf(bind, "selinux"))];
  const options = [isTrue(entryOf(node, "read_only")) ? "ro" : undefined, propagation, selinux];
  const subpath = textOf(entryOf(entryOf(node, "volume"), "subpath"));
  if (subpath !== undefined)
    report.add("left-out", node.place, `${key}.volume.subpath`, `${target}: the whole volume is mounted`);
  return {
    source: textOf(entryOf(node, "source")) ?? "",
    target,
    options: options.filter((option) => option !== undefined),
  };
}

function written(mount: Mount, at: { place: Place; key: string }, scope: VolumeScope): string | undefined {
  const { report } = scope;
  const source = resolved(mount.source, scope);
  const kept: string[] = [];
  for (const option of mount.options) {
    if (withoutEffect.has(option)) continue;
    const problem = parseVolumeMount(`/a:/b:${option}`);
    if (typeof problem !== "string") kept.push(option);
    else
      report.add(
        "left-out",
        at.place,
        at.key,
        `${mount.target}: there is no option ${JSON.stringify(option)}`,
      );
  }
  return [source, mount.target, ...(kept.length === 0 ? [] : [kept.join(",")])].join(":");
}

/** A path made absolute, or the name of the volume. */
function resolved(source: string, { directory, home, volumeName }: VolumeScope): string {
  if (source === "~" || source.startsWith("~/")) return join(home, source.slice(1));
  if (source.startsWith("/")) return source;
  return source.startsWith(".") || source.includes("/") ? join(directory, source) : volumeName(source);
}
