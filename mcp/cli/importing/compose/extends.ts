import { dirname, resolve } from "node:path";

import type { Surroundings } from "../imported.ts";
import { entryOf, type Located, merged, textOf } from "./located.ts";
import { readCompose } from "./read.ts";

/** Longest chain of services that extend each other. */
const longestChain = 16;

/** A service with what it extends.
 * @param root the file it stands in */
export async function extended(
  service: Located,
  key: string,
  { root, file, surroundings }: { root: Located; file: string; surroundings: Surroundings },
  depth = 0,
): Promise<Located> {
  const extension = entryOf(service, "extends");
  if (extension === undefined || service.kind !== "map") return service;
  const { report } = surroundings;
  const name = textOf(extension.kind === "map" ? entryOf(extension, "service") : extension) ?? "";
  const other = textOf(entryOf(extension, "file"));
  const otherFile = other === undefined ? file : resolve(dirname(file), other);
  const otherRoot = otherFile === file ? root : await readCompose(otherFile, surroundings);
  const base = entryOf(entryOf(otherRoot, "services"), name);
  if (base === undefined || depth >= longestChain) {
    const message =
      base === undefined
        ? `there is no service ${JSON.stringify(name)}`
        : "services extend each other in a circle";
    report.add(
      "problem",
      extension.place,
      `${key}.extends`,
      `${message}${other === undefined ? "" : ` in ${other}`}`,
    );
    return service;
  }
  if (otherRoot === undefined) return service;
  const whole = await extended(base, key, { root: otherRoot, file: otherFile, surroundings }, depth + 1);
  const own = new Map(service.entries);
  own.delete("extends");
  return merged(whole, { ...service, entries: own });
}
