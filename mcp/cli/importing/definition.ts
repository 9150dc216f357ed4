import { checkDefinition } from "@metacircular/mcp-core/definition/check-definition.ts";
import { definitionToSpec, specToDefinition } from "@metacircular/mcp-core/definition/convert.ts";
import { formatPath } from "@metacircular/mcdsl/toml/problem.ts";
import { type Definition, definitionSchema } from "@metacircular/mcp-core/definition.ts";

import type { ImportedComponent, ImportedService } from "./imported.ts";
import type { Report } from "./report.ts";

/** What was imported as a definition, with defaults left out. What keeps it from being valid is reported where its
 * component was found. */
export function importedDefinition(
  { name, components, build }: ImportedService,
  node: string,
  file: string,
  report: Report,
): Readonly<Record<string, unknown>> {
  const input = {
    name,
    node,
    ...(Object.keys(build).length === 0 ? {} : { build: { images: build } }),
    components: components.map(keysOf),
  };
  const parsed = definitionSchema.safeParse(input);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues)
      report.add("problem", { file, line: 1 }, path.join("."), message);
    return input;
  }
  noteProblems(parsed.data, components, file, report);
  const { name: _name, node: _node, ...rest } = specToDefinition(definitionToSpec(parsed.data));
  return { name, node, ...(input.build === undefined ? {} : { build: input.build }), ...rest };
}

function keysOf(component: ImportedComponent): Record<string, unknown> {
  const { name, image, network, user, restart, ports, volumes, cmd, env, health } = component;
  const keys = { name, image, network, user, restart, ports, volumes, cmd, env };
  return health === undefined ? keys : { ...keys, health };
}

function noteProblems(
  definition: Definition,
  components: ImportedService["components"],
  file: string,
  report: Report,
): void {
  // Where something was found wrong already, it would only be said again in other words.
  const known = new Set(
    report.notes.filter(({ kind }) => kind === "problem").map(({ file: at, line }) => `${at}:${line}`),
  );
  for (const { path, message } of checkDefinition(definition)) {
    const [list, index] = path;
    const component = list === "components" && typeof index === "number" ? components[index] : undefined;
    const place = component?.place ?? { file, line: 1 };
    if (path.at(-1) === "image" && known.has(`${place.file}:${place.line}`)) continue;
    report.add("problem", place, formatPath(path), message);
  }
}
