import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { type ComponentInfo, OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { aWeb, createOperator, type Operator, serviceMessage } from "@metacircular/testkit/operator.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";

describe("an agent with the registry of the platform", { timeout: 600_000 }, () => {
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
          return `[registry]\naddress = "${registry.address}"\nca_cert = "${registry.caFile}"\ncheck_interval = "1s"\n`;
        },
      }),
    );
    operator = createOperator(node);
  });
  after(() => stack.disposeAsync());

  const name = (repository: string, tag = "v1"): string => `${registry.address}/${repository}:${tag}`;

  /** Options of podman and skopeo, as an administrator. */
  async function loginOptions(): Promise<string[]> {
    const certificates = join(node.directory, "pushing");
    await mkdir(certificates, { recursive: true });
    await writeFile(join(certificates, "ca.crt"), await readFile(registry.caFile));
    return ["--creds", `${registry.admin.name}:${registry.admin.token}`, "--cert-dir", certificates];
  }

  /** Pushes one of the sample images under a name that podman does not keep. */
  async function push(version: string, image: string): Promise<void> {
    await node.podman.cli("push", "--quiet", ...(await loginOptions()), `localhost/web:${version}`, image);
  }

  async function skopeo(command: string, ...args: string[]): Promise<{ stdout: Buffer }> {
    const argv = [command, ...(await loginOptions()), ...args];
    return promisify(execFile)("skopeo", argv, { env: node.podman.environment, encoding: "buffer" });
  }

  async function component(service: string): Promise<ComponentInfo> {
    const { services } = await node.agent.client.getServiceStatus({ name: service });
    const [found] = services[0]?.components ?? [];
    assert.ok(found !== undefined);
    return found;
  }

  const web = (image: string) => [aWeb("v1", { image })];
  const imageId = (container: string): Promise<string> => operator.inspect(container, "{{.Image}}");
  const idOf = async (image: string): Promise<string> =>
    (await node.podman.cli("image", "inspect", "--format", "{{.Id}}", image)).trim();

  test("pulls by itself, and records the digest that the registry has", async () => {
    await push("v1", name("team/web"));
    const { revision } = await operator.deploy("pulled", web(name("team/web")));
    const digests = JSON.parse(
      await node.podman.cli("image", "inspect", "--format", "{{json .RepoDigests}}", name("team/web")),
    ) as string[];
    const { imageDigest } = await component("pulled");
    assert.ok(digests.includes(`${registry.address}/team/web@${imageDigest}`));
    const { revisions } = await node.agent.client.listRevisions({ service: "pulled" });
    assert.deepEqual([revision, revisions[0]?.digests["web"]], [1n, imageDigest]);
    const { tag } = await eventually(async () => {
      const seen = await component("pulled");
      assert.ok(seen.tag?.checked !== undefined);
      return seen;
    });
    assert.deepEqual([tag?.moved, tag?.digest, tag?.runningDigest], [false, imageDigest, imageDigest]);
  });

  test("says that a tag moved, and replaces what runs when that is asked for", async () => {
    const image = name("team/moving");
    await push("v1", image);
    await operator.deploy("moving", web(image));
    const old = (await component("moving")).imageDigest;
    const watched = new AbortController();
    const moved: string[] = [];
    const begun = Promise.withResolvers<void>();
    const watching = (async () => {
      const events = node.agent.client.watchEvents(
        { service: "moving", follow: true },
        { signal: watched.signal },
      );
      for await (const { event } of events) {
        if (event.case === "caughtUp") begun.resolve();
        if (event.case === "tagMoved") moved.push(`${event.value.runningDigest} ${event.value.digest}`);
      }
    })().catch(() => {});
    await begun.promise;
    await eventually(async () => assert.equal((await component("moving")).tag?.moved, false));
    await push("v2", image);
    const { tag } = await eventually(async () => {
      const seen = await component("moving");
      assert.equal(seen.tag?.moved, true);
      return seen;
    });
    assert.ok(tag !== undefined);
    assert.equal(tag.runningDigest, old);
    assert.notEqual(tag.digest, old);
    await eventually(() => assert.deepEqual(moved, [`${old} ${tag.digest}`]));
    const metrics = await (await fetch(node.agent.metricsUrl)).text();
    assert.match(metrics, /mcp_component_tag_moved\{service="moving",component="web"\} 1/u);

    const service = serviceMessage("moving", web(image));
    assert.equal((await node.agent.client.deploy({ service })).outcome, OperationOutcome.UNCHANGED);
    assert.equal(await imageId("moving-web"), await idOf("localhost/web:v1"));
    const { steps } = await node.agent.client.planDeploy({ service, pull: true });
    assert.ok(steps.some(({ description }) => description === `pull image ${image} anew`));
    const deployed = await node.agent.client.deploy({ service, pull: true });
    assert.equal(deployed.outcome, OperationOutcome.SUCCEEDED);
    assert.equal(await imageId("moving-web"), await idOf("localhost/web:v2"));
    assert.equal((await component("moving")).imageDigest, tag.digest);
    const again = await node.agent.client.deploy({ service, pull: true });
    assert.equal(again.outcome, OperationOutcome.UNCHANGED);
    await eventually(async () => assert.equal((await component("moving")).tag?.moved, false));
    assert.equal(moved.length, 1);

    // The tag has moved, and nothing but the digest leads back to what ran.
    const oldId = await idOf("localhost/web:v1");
    await node.agent.client.undeployService({ name: "pulled" });
    await node.podman.cli("rmi", "--force", "localhost/web:v1", name("team/web"));
    await assert.rejects(idOf(oldId));
    const preview = await node.agent.client.planRollback({ service: "moving" });
    const pinned = `make sure image ${image}@${old} is here`;
    assert.ok(preview.steps.some(({ description }) => description === pinned));
    const back = await node.agent.client.rollback({ service: "moving" });
    assert.equal(back.outcome, OperationOutcome.SUCCEEDED);
    assert.equal((await component("moving")).imageDigest, old);
    assert.equal(await imageId("moving-web"), oldId);
    watched.abort();
    await watching;
  });

  test("knows an image that was built and pushed on the node itself by the registry's digest", async () => {
    const image = name("team/here");
    await node.podman.cli("tag", "localhost/web:v4", image);
    await push("v4", image);
    await operator.deploy("here", web(image));
    const own = (await node.podman.cli("image", "inspect", "--format", "{{.Digest}}", image)).trim();
    const { imageDigest, tag } = await eventually(async () => {
      const seen = await component("here");
      assert.ok(seen.tag?.checked !== undefined);
      return seen;
    });
    assert.notEqual(imageDigest, own);
    const { stdout } = await skopeo("inspect", "--raw", `docker://${image}`);
    assert.equal(imageDigest, `sha256:${createHash("sha256").update(stdout).digest("hex")}`);
    assert.deepEqual([tag?.moved, tag?.digest, tag?.runningDigest], [false, imageDigest, imageDigest]);
    const { revisions } = await node.agent.client.listRevisions({ service: "here" });
    assert.equal(revisions[0]?.digests["web"], imageDigest);
    const service = serviceMessage("here", web(image));
    const again = await node.agent.client.deploy({ service, pull: true });
    assert.equal(again.outcome, OperationOutcome.UNCHANGED);
    // To go back to it needs no registry: it is here, under its tag.
    await node.agent.client.deploy({ service: serviceMessage("here", web("localhost/web:v3")) });
    await node.agent.client.rollback({ service: "here" });
    assert.equal(await operator.inspect("here-web", "{{.ImageName}}"), image);
  });

  test("does not take an index whose platform runs for another image", async () => {
    const image = name("team/index");
    await node.podman.cli("manifest", "create", "localhost/index:v1");
    await node.podman.cli("manifest", "add", "localhost/index:v1", "containers-storage:localhost/web:v4");
    const options = ["--all", ...(await loginOptions())];
    await node.podman.cli("manifest", "push", ...options, "localhost/index:v1", `docker://${image}`);
    await operator.deploy("index", web(image));
    const { tag } = await eventually(async () => {
      const seen = await component("index");
      assert.ok(seen.tag?.checked !== undefined);
      return seen;
    });
    assert.equal(tag?.moved, false);
    const { stdout } = await skopeo("inspect", "--raw", `docker://${image}`);
    assert.match(stdout.toString(), /"manifests"/u);
  });

  test("goes on without the registry, and says since when it could not look", async () => {
    const image = name("team/alone");
    await push("v3", image);
    await operator.deploy("alone", web(image));
    const { tag: before } = await eventually(async () => {
      const seen = await component("alone");
      assert.equal(seen.tag?.error, "");
      return seen;
    });
    await registry.kill();
    const { tag } = await eventually(async () => {
      const seen = await component("alone");
      assert.notEqual(seen.tag?.error, "");
      return seen;
    });
    assert.ok(tag?.failed !== undefined && tag.checked !== undefined);
    assert.equal(tag.digest, before?.digest);
    const service = serviceMessage("alone", web(image));
    assert.equal((await node.agent.client.deploy({ service })).outcome, OperationOutcome.UNCHANGED);
    const refused = await node.agent.client.planDeploy({ service, pull: true }).catch(fromConnectError);
    assert.ok("code" in refused && refused.code === "REGISTRY_UNREACHABLE");
    await registry.start();
    await eventually(async () => assert.equal((await component("alone")).tag?.error, ""));
  });

  test("sees that a tag on the node was built anew", async () => {
    const image = "localhost/rebuilt:v1";
    await node.podman.cli("tag", "localhost/web:v3", image);
    await operator.deploy("rebuilt", web(image));
    await eventually(async () => assert.equal((await component("rebuilt")).tag?.moved, false));
    await node.podman.cli("tag", "localhost/web:v4", image);
    await eventually(async () => assert.equal((await component("rebuilt")).tag?.moved, true));
    const replaced = await operator.deploy("rebuilt", web(image));
    assert.equal(replaced.outcome, OperationOutcome.SUCCEEDED);
    await eventually(async () => assert.equal((await component("rebuilt")).tag?.moved, false));
  });

  test("is refused what the registry's rules do not allow", async () => {
    await push("v3", name("secret/web"));
    const rule = {
      priority: 1,
      effect: "EFFECT_DENY",
      accounts: ["mcp-agent"],
      repositories: ["secret/**"],
      actions: ["pull"],
    };
    await registry.putRule("access", "no-secrets", rule);
    const failed = await operator.deploy("secret", web(name("secret/web")));
    assert.equal(failed.results[0]?.detail?.code, "REGISTRY_DENIED");
  });
});
