import { definitionToSpec, specToDefinition } from "@metacircular/mcp-core/definition/convert.ts";
import type { Definition } from "@metacircular/mcp-core/definition.ts";
import type { ServiceSpec } from "@metacircular/mcp-core/spec.ts";
import { parse } from "smol-toml";

import { printDocument } from "../toml/print.ts";
import { rewriteToml } from "../toml/rewrite.ts";
import { mergeDefinition } from "./merge.ts";

/** Order in which keys are written that a file does not have yet. */
const order = [
  ...["name", "node", "active", "reconcile", "path", "build"],
  ...["image", "network", "user", "restart", "ports", "volumes", "cmd", "env", "update", "routes", "health"],
  ...["port", "mode", "hostname"],
  ...["http", "tcp", "route", "interval", "timeout", "deadline", "settle"],
];

const byteOrderMark = "\u{feff}";

/** The text of a new definition file. */
export function definitionText(spec: ServiceSpec): string {
  return printDocument(specToDefinition(spec));
}

/** The text of a definition file, changed so that it declares the spec. Only what differs is touched; comments, order
 * and form stay, and so do defaults that are written out.
 * @param definition what the text declares now
 * @throws DetailedError FILE_NOT_EDITABLE */
export function rewriteDefinition(text: string, definition: Definition, spec: ServiceSpec): string {
  const mark = text.startsWith(byteOrderMark) ? byteOrderMark : "";
  const content = text.slice(mark.length);
  const before = specToDefinition(definitionToSpec(definition));
  const wanted = mergeDefinition(parse(content), before, specToDefinition(spec));
  return mark + rewriteToml(content, wanted, order);
}
