import { basename, dirname } from "node:path";

import type { Surroundings } from "../imported.ts";
import { type Located, merged } from "./located.ts";
import { variablesOf } from "./variables.ts";
import { readYaml } from "./yaml.ts";

/** A compose file with its variables replaced; several documents become one, as later files that override. Undefined
 * where it cannot be read, which is reported. */
export async function readCompose(file: string, surroundings: Surroundings): Promise<Located | undefined> {
  const { report, read } = surroundings;
  const text = await read(file);
  const start = { file, line: 1 };
  if (text === undefined) {
    report.add("problem", start, basename(file), "it cannot be read as text, or is too large");
    return undefined;
  }
  const variables = await variablesOf(dirname(file), surroundings);
  const yaml = readYaml(file, text, variables.replace);
  if ("problems" in yaml) {
    for (const { message, ...place } of yaml.problems) report.add("problem", place, basename(file), message);
    return undefined;
  }
  for (const { message, ...place } of yaml.warnings) report.add("changed", place, basename(file), message);
  const [first, ...more] = yaml.documents;
  if (first?.kind === "map") return more.reduce((base, over) => merged(base, over), first as Located);
  report.add("problem", start, basename(file), "it is not a compose file: it has no services");
  return undefined;
}
