import { parsePortMapping, type PortMapping } from "@metacircular/mcp-core/definition/ports.ts";
import type { Container } from "../runtime/runtime.ts";

/** The ports of the node that a container publishes. */
export function publishedPorts({ ports }: Pick<Container, "ports">): PortMapping[] {
  return portMappings(ports);
}

/** Mappings that can be read; the runtime also lists some that a definition cannot declare, e.g. SCTP ones. */
export function portMappings(texts: readonly string[]): PortMapping[] {
  return texts.map(parsePortMapping).filter((mapping) => typeof mapping !== "string");
}
