import { parsePortMapping, type PortMapping } from "@metacircular/mcp-core/definition/ports.ts";

/** Mappings that can be read; a runtime also lists some that a definition cannot declare, e.g. SCTP ones. */
export function portMappings(texts: readonly string[]): PortMapping[] {
  return texts.map(parsePortMapping).filter((mapping) => typeof mapping !== "string");
}
