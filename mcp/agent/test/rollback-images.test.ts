import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { type ComponentInfo, OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { answerOn, aWeb, createOperator, type Operator } from "@metacircular/testkit/operator.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import { httpHealth } from "@metacircular/testkit/specs.ts";

describe("a rollback to an image whose name means another one by now", { timeout: 240_000 }, () => {
  const stack = new AsyncDisposableStack();
  let node: TestNode;
  let operator: Operator;
  let registry: TestRegistry;

  before(async () => {
    node = stack.use(
      await createTestNode({
        beside: async ({ directory, certificates, identity }) => {
          const own = { directory: join(directory, "mcr"), certificates, identity };
          registry = stack.use(await startTestRegistry(own));
          return `[registry]\naddress = "${registry.address}"\nca_cert = "${registry.caFile}"\n`;
        },
      }),
    );
    operator = createOperator(node);
  });
  after(() => stack.disposeAsync());

  /** Builds an image that answers with a text, and takes its name away from the one before. */
  async function build(name: string, text: string): Promise<string> {
    const files = { "/www/index.html": text };
    const cmd = ['exec httpd -f -p "0.0.0.0:$PORT" -h /www'];
    await node.podman.image(name, { files, entrypoint: ["/bin/sh", "-c"], cmd });
    return (await node.podman.cli("image", "inspect", "--format", "{{.Id}}", name)).trim();
  }

  const web = (image: string) => [aWeb("v1", { image, health: httpHealth("/") })];
  const answerOf = async (service: string): Promise<string> => answerOn(await operator.hostPort(service));
  const imageOf = (service: string): Promise<string> => operator.inspect(`${service}-web`, "{{.Image}}");

  async function component(service: string): Promise<ComponentInfo> {
    const { services } = await node.agent.client.getServiceStatus({ name: service });
    const [found] = services[0]?.components ?? [];
    assert.ok(found !== undefined);
    return found;
  }

  async function push(image: string): Promise<void> {
    const certificates = join(node.directory, "pushing");
    await mkdir(certificates, { recursive: true });
    await writeFile(join(certificates, "ca.crt"), await readFile(registry.caFile));
    const login = ["--creds", `${registry.admin.name}:${registry.admin.token}`, "--cert-dir", certificates];
    await node.podman.cli("push", "--quiet", ...login, image);
  }

  /** Deploys, has the name moved to another image, deploys, goes back and forth. */
  async function backAndForth(
    service: string,
    image: string,
    also: { afterBuild?: () => Promise<void>; beforeRollback?: () => Promise<void> } = {},
  ): Promise<string> {
    const first = await build(image, `${service} one`);
    await also.afterBuild?.();
    await operator.deploy(service, web(image));
    const digest = (await component(service)).imageDigest;
    const second = await build(image, `${service} two`);
    await also.afterBuild?.();
    await operator.deploy(service, web(image));
    assert.equal(await answerOf(service), `${service} two`);

    await also.beforeRollback?.();
    const { steps } = await node.agent.client.planRollback({ service });
    const back = await node.agent.client.rollback({ service });
    assert.equal(back.outcome, OperationOutcome.SUCCEEDED, back.results[0]?.error ?? "no result");
    assert.deepEqual([await answerOf(service), await imageOf(service)], [`${service} one`, first]);
    assert.equal((await component(service)).imageDigest, digest);

    // What has to be made anew is the same image, and so is what a definition names that was exported.
    await node.podman.cli("rm", "--force", `${service}-web`);
    await node.agent.client.startService({ name: service });
    assert.equal(await imageOf(service), first);
    const again = await operator.deploy(service, web(`${image}@${digest}`));
    assert.equal(again.outcome, OperationOutcome.UNCHANGED);

    const forth = await node.agent.client.rollback({ service, revision: 2n });
    assert.equal(forth.outcome, OperationOutcome.SUCCEEDED, forth.results[0]?.error ?? "no result");
    assert.deepEqual([await answerOf(service), await imageOf(service)], [`${service} two`, second]);
    return steps.map(({ description }) => description).join("\n");
  }

  test("finds one that was built on the node", async () => {
    await backAndForth("built", "localhost/built:v1");
  });

  test("finds one by its id that podman knows by another digest than its registry, which is down", async () => {
    const image = `${registry.address}/team/here:v1`;
    const told = await backAndForth("here", image, {
      afterBuild: () => push(image),
      beforeRollback: () => registry.kill(),
    });
    assert.match(told, /create container here-web\.next from \S+@sha256:[0-9a-f]{64} as it ran before/u);
  });

  test("says what is gone, and what to do, before anything is touched", async () => {
    const image = "localhost/pruned:v1";
    const first = await build(image, "pruned one");
    await operator.deploy("pruned", web(image));
    const digest = (await component("pruned")).imageDigest;
    await build(image, "pruned two");
    await operator.deploy("pruned", web(image));
    await node.podman.cli("image", "rm", first);
    const { client } = node.agent;
    for (const ask of [
      () => client.planRollback({ service: "pruned" }),
      () => client.rollback({ service: "pruned" }),
    ]) {
      const refused = await ask().catch(fromConnectError);
      assert.ok("code" in refused);
      assert.deepEqual([refused.code, refused.subject], ["IMAGE_NOT_FOUND", "pruned"]);
      assert.equal(
        refused.found,
        `the node does not have what it ran then any more (web: ${image}@${digest}), and no registry has images of localhost`,
      );
      assert.match(refused.remedy, /mcp history pruned.*under a new tag/u);
    }
    assert.equal(await answerOf("pruned"), "pruned two");
    const { operations } = await client.listOperations({ service: "pruned" });
    assert.deepEqual(
      operations.map(({ kind }) => kind),
      ["deploy", "deploy"],
    );
  });
});
