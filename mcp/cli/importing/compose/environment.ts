import { resolve } from "node:path";

import type { Surroundings } from "../imported.ts";
import { readEnvFile } from "./dotenv.ts";
import { entryOf, itemsOf, type Located, pairsOf, textOf } from "./located.ts";

const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What `environment` and `env_file` are read with. */
export interface EnvironmentScope {
  readonly directory: string;
  readonly variables: (name: string) => string | undefined;
  readonly surroundings: Surroundings;
}

/** Environment of a service as `KEY=VALUE`: what stands in files, then what the service says itself. */
export async function environmentOf(
  service: Located,
  key: string,
  scope: EnvironmentScope,
): Promise<string[]> {
  const { report } = scope.surroundings;
  const result = new Map<string, string>();
  for (const item of itemsOf(entryOf(service, "env_file")))
    await addFile(result, item, `${key}.env_file`, scope);
  for (const { key: name, value, place } of pairsOf(entryOf(service, "environment"))) {
    const given = value ?? scope.variables(name);
    if (!variable.test(name)) {
      report.add(
        "left-out",
        place,
        `${key}.environment`,
        `${JSON.stringify(name)} is not a name of a variable`,
      );
    } else if (given === undefined) {
      report.add(
        "left-out",
        place,
        `${key}.environment.${name}`,
        "it is taken from the environment, where it is not set",
      );
    } else {
      if (value === undefined) {
        report.add("changed", place, `${key}.environment.${name}`, "its value comes from your environment");
      }
      result.set(name, given);
    }
  }
  return [...result].map(([name, value]) => `${name}=${value}`);
}

async function addFile(
  result: Map<string, string>,
  item: Located,
  key: string,
  { directory, variables, surroundings }: EnvironmentScope,
): Promise<void> {
  const { report } = surroundings;
  const path = textOf(item.kind === "map" ? entryOf(item, "path") : item);
  if (path === undefined) return;
  const text = await surroundings.read(resolve(directory, path));
  if (text === undefined) {
    const isOptional = textOf(entryOf(item, "required")) === "false";
    return isOptional ? undefined : report.add("left-out", item.place, key, `${path} cannot be read`);
  }
  const found = readEnvFile(text, variables);
  let count = 0;
  for (const [name, value] of found) {
    if (variable.test(name)) {
      result.set(name, value);
      count += 1;
    } else report.add("left-out", item.place, key, `${JSON.stringify(name)} is not a name of a variable`);
  }
  report.add("changed", item.place, key, inDefinition(count, path));
}

/** Says that values were copied. */
export function inDefinition(count: number, file: string): string {
  const variables = count === 1 ? "1 variable" : `${count} variables`;
  return `${variables} of ${file} now ${count === 1 ? "stands" : "stand"} in the definition, with what may be secret`;
}
