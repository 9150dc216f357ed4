import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { aWeb, createOperator, type Operator } from "@metacircular/testkit/operator.ts";
import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";

import { canRun, ownArchitecture } from "../images/platform.ts";
import { parsed, runTool } from "./tool.ts";

const own = ownArchitecture();
const other = own === "arm64" ? "amd64" : "arm64";
const skip = canRun(other) && `this machine runs programs of ${other}: an emulator is registered`;

describe("an image for another architecture", { timeout: 240_000, skip }, () => {
  const stack = new AsyncDisposableStack();
  let registry: TestRegistry;
  let node: TestNode;
  let operator: Operator;
  let builder: TestPodman;
  let env: Record<string, string>;

  before(async () => {
    node = stack.use(
      await createTestNode({
        beside: async ({ directory, certificates, identity }) => {
          const parts = { directory: join(directory, "mcr"), certificates, identity };
          registry = stack.use(await startTestRegistry(parts));
          return `[registry]\naddress = "${registry.address}"\nca_cert = "${registry.caFile}"\n`;
        },
      }),
    );
    operator = createOperator(node);
    builder = stack.use(await createTestPodman());
    const directory = join(node.directory, "operator");
    await mkdir(join(directory, "services"), { recursive: true });
    await mkdir(join(directory, "src", "far"), { recursive: true });
    const configuration = `[build]
workspace = "src"
[registry]
address = "${registry.address}"
ca_cert = "${registry.caFile}"
[tls]
ca_cert = "${node.certificates.caFile}"
[[nodes]]
name = "${node.agent.node}"
address = "${node.agent.address}"
arch = "${other}"
`;
    await writeFile(join(directory, "mcp.toml"), configuration);
    env = {
      ...builder.environment,
      MCP_CONFIG: join(directory, "mcp.toml"),
      MCP_TOKEN: registry.admin.token,
      TMPDIR: node.directory,
    };
  });
  after(() => stack.disposeAsync());

  const name = (repository: string): string => `${registry.address}/team/${repository}:v1`;

  /** Defines a service with one component, built by these instructions. */
  async function define(service: string, ...instructions: string[]): Promise<void> {
    const directory = join(node.directory, "operator");
    await writeFile(
      join(directory, "services", `${service}.toml`),
      `name = "${service}"\nnode = "${node.agent.node}"\npath = "far"\n[build.images]\n${service} = "${service}.Containerfile"\n` +
        `[[components]]\nname = "web"\nimage = "${name(service)}"\n`,
    );
    const text = ["FROM scratch", `COPY ${service}.Containerfile /`, ...instructions, ""].join("\n");
    await writeFile(join(directory, "src", "far", `${service}.Containerfile`), text);
  }

  async function loginOptions(): Promise<string[]> {
    const certificates = join(node.directory, "pushing");
    await mkdir(certificates, { recursive: true });
    await writeFile(join(certificates, "ca.crt"), await readFile(registry.caFile));
    return ["--creds", `${registry.admin.name}:${registry.admin.token}`, "--cert-dir", certificates];
  }

  /** An image of the other architecture that nothing has to run for. */
  async function foreignImage(image: string): Promise<void> {
    const context = join(node.directory, "foreign");
    await mkdir(context, { recursive: true });
    await writeFile(join(context, "Containerfile"), "FROM scratch\nCOPY Containerfile /\n");
    await builder.cli("build", "--quiet", "--platform", `linux/${other}`, "--tag", image, context);
  }

  /** Pushes images as one tag. */
  async function pushIndex(image: string, ...members: string[]): Promise<void> {
    const list = `localhost/list-${members.length}:v1`;
    await builder.cli("manifest", "create", list);
    for (const member of members) await builder.cli("manifest", "add", list, `containers-storage:${member}`);
    await builder.cli("manifest", "push", "--all", ...(await loginOptions()), list, `docker://${image}`);
  }

  const architectureOf = async (podman: TestPodman, image: string): Promise<string> =>
    (await podman.cli("image", "inspect", "--format", "{{.Architecture}}", image)).trim();

  test("is built and pushed for the node that the configuration speaks of, and refused by a node that is another", async () => {
    await define("far");
    const { code, stderr } = await runTool(["deploy", "far"], { env });
    assert.notEqual(code, 0);
    assert.match(stderr, /IMAGE_WRONG_PLATFORM/u);
    assert.match(stderr, new RegExp(`linux/${other}, and this node is linux/${own}`, "u"));
    assert.equal(await architectureOf(builder, name("far")), other);
    assert.equal(await architectureOf(node.podman, name("far")), other);
    assert.deepEqual(await operator.containers("far"), []);
  });

  test("is not built where programs of it would have to run", async () => {
    await define("running", "RUN /bin/true");
    const { code, stdout } = await runTool(["build", "running", "-o", "json"], { env });
    const { failures } = parsed<{ failures: { error: { code: string; remedy: string } }[] }>(stdout);
    assert.deepEqual([code, failures[0]?.error.code], [1, "PLATFORM_UNSUPPORTED"]);
    assert.match(failures[0]?.error.remedy ?? "", /qemu-user-static/u);
  });

  test("beside one for the node in an index leaves the choice to podman", async () => {
    await foreignImage("localhost/foreign:v1");
    await pushIndex(name("both"), "localhost/web:v1", "localhost/foreign:v1");
    await operator.deploy("both", [aWeb("v1", { image: name("both") })]);
    assert.deepEqual(await operator.containers("both"), ["both-web running"]);
    assert.equal(await architectureOf(node.podman, name("both")), own);
    const options = ["--quiet", "--platform", `linux/${other}`, ...(await loginOptions())];
    await builder.cli("pull", ...options, name("both"));
    assert.equal(await architectureOf(builder, name("both")), other);
  });

  test("is all that an index has: then the node says that nothing in it is for it", async () => {
    await foreignImage("localhost/foreign:v1");
    await pushIndex(name("only"), "localhost/foreign:v1");
    const { results } = await operator.deploy("only", [aWeb("v1", { image: name("only") })]);
    assert.equal(results[0]?.detail?.code, "IMAGE_WRONG_PLATFORM");
    assert.deepEqual(await operator.containers("only"), []);
  });
});
