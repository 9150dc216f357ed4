import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestNode } from "@metacircular/testkit/node.ts";
import { checkout } from "@metacircular/testkit/program.ts";
import type { Environment } from "./commands.ts";

/** What an operator's shell has, with a token instead of a stored login. */
export async function operatorEnvironment({
  directory,
  agent,
  certificates,
  identity,
}: TestNode): Promise<Environment> {
  const text = JSON.stringify;
  const config = join(directory, "mcp.toml");
  await writeFile(
    config,
    `[tls]\nca_cert = ${text(certificates.caFile)}\n[[nodes]]\nname = ${text(agent.node)}\naddress = ${text(agent.address)}\n`,
  );
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: directory,
    NODE_COMPILE_CACHE: `${checkout}.cache/compiled`,
    MCP_CONFIG: config,
    MCP_TOKEN: await identity.systemToken("bench"),
  };
}
