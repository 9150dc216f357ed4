import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { ServiceImpl } from "@connectrpc/connect";
import { type Certificates, makeCertificates } from "@metacircular/mcdsl/test/certificates.ts";
import { type GrpcFixture, startFixture } from "@metacircular/mcdsl/test/grpc-fixture.ts";
import type { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { definitionToSpec } from "@metacircular/mcp-core/definition/convert.ts";
import { specToMessage } from "@metacircular/mcp-core/spec-codec.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

import { definitionFrom } from "../definitions/read.ts";
import { runTool, type RunningTool, startTool, type ToolResult } from "./tool.ts";

export type AgentDouble = Partial<ServiceImpl<typeof McpAgent>>;

/** An operator's machine: configuration, definitions, and nodes that answer over real gRPC and TLS. */
export interface Workplace extends AsyncDisposable {
  readonly directory: string;
  readonly configFile: string;
  readonly tokenFile: string;
  readonly nodes: Readonly<Record<string, GrpcFixture>>;
  mcp(...argv: string[]): Promise<ToolResult>;
  start(...argv: string[]): RunningTool;
  define(service: string, text: string): Promise<string>;
  definition(service: string): Promise<string>;
}

/** Of use where the connection must be refused. */
export const deadAddress = "127.0.0.1:1";

/** @param agents what each node answers; `null`: a node that cannot be reached
 * @param tables further lines for the configuration file */
export async function createWorkplace(
  agents: Readonly<Record<string, AgentDouble | null>>,
  tables = "",
): Promise<Workplace> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await createTemporaryDirectory());
  const certificates: Certificates = stack.use(makeCertificates());
  const nodes: Record<string, GrpcFixture> = {};
  const addresses: string[] = [];
  for (const [name, implementation] of Object.entries(agents)) {
    const fixture =
      implementation === null ? undefined : stack.use(await startFixture(certificates, implementation));
    if (fixture !== undefined) nodes[name] = fixture;
    addresses.push(`[[nodes]]\nname = "${name}"\naddress = "${fixture?.address ?? deadAddress}"\n`);
  }
  const configFile = join(directory, "mcp.toml");
  await writeFile(
    configFile,
    `[tls]\nca_cert = "${certificates.caFile}"\n\n${tables}\n${addresses.join("\n")}`,
  );
  await mkdir(join(directory, "services"));
  const env = { MCP_CONFIG: configFile, MCP_TOKEN: "token-of-alice" };
  const path = (service: string): string => join(directory, "services", `${service}.toml`);
  const owned = stack.move();
  return {
    directory,
    configFile,
    tokenFile: join(directory, "token"),
    nodes,
    mcp: (...argv) => runTool(argv, { env }),
    start: (...argv) => startTool(argv, { env }),
    async define(service, text) {
      await writeFile(path(service), text);
      return path(service);
    },
    definition: (service) => readFile(path(service), "utf8"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A definition with one component per name. */
export function aDefinition(service: string, ...components: string[]): string {
  const blocks = components.map(
    (name) => `[[components]]\nname = "${name}"\nimage = "localhost/${name}:v1"\n`,
  );
  return `# ${service}, kept by hand\nname = "${service}"\nnode = "rift" # the core\n\n${blocks.join("\n")}`;
}

/** A node that has the service as the definition declares it. */
export function agentWith(text: string): AgentDouble {
  const spec = specToMessage(definitionToSpec(definitionFrom(text, "registered.toml")));
  return {
    listServices: () => ({ services: [{ name: spec.name }] }),
    getServiceStatus: () => ({ services: [{ name: spec.name, spec }] }),
  };
}
