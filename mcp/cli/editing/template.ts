import { printValue } from "../toml/print.ts";

/** What a new definition begins with.
 * @param nodes the configured ones */
export function definitionTemplate(service: string, nodes: readonly string[]): string {
  const [only, ...others] = nodes;
  const node = only !== undefined && others.length === 0 ? only : "";
  const known = nodes.length === 0 ? "`mcp node add` adds one" : nodes.join(", ");
  return `# What should run: the service ${service}.
# Lines that begin with # are examples; \`mcp service schema\` and docs/definitions.md explain every key.
name = ${printValue(service)}
node = ${printValue(node)} # ${known}
# active = false               # deploy it, but stopped

[[components]]
name = ${printValue(service)}
image = "" # registry/repository:tag, never latest
# network = "lan"
# user = "1000:1000"
# ports = ["127.0.0.1:8080:80"]
# volumes = ["/srv/${service}:/data"]
# cmd = ["serve"]
# env = ["LOG_LEVEL=info"]

# [[components.routes]]
# port = 443
# mode = "l7"

# [components.health]
# http = "/healthz"
`;
}
