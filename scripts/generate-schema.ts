import { definitionJsonSchema } from "@metacircular/mcp-core/definition.ts";
import { writeOrCheck } from "./generated-file.ts";

/** Writes docs/definition.schema.json, the JSON Schema of definition files; with --check fails where the file is
 * not current.
 *
 *   node scripts/generate-schema.ts [--check] */
writeOrCheck("docs/definition.schema.json", `${JSON.stringify(definitionJsonSchema(), undefined, 2)}\n`);
