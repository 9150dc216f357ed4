import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";

import { parsed, runTool, startTool, type ToolResult } from "./tool.ts";

interface Pushed {
  readonly images: readonly {
    readonly image: string;
    readonly id: string;
    readonly digest: string;
    readonly layers: number;
    readonly sent_layers: number;
    readonly sent_bytes: number;
    readonly transferred_bytes: number;
    readonly result: string;
  }[];
}

const mebibyte = 1024 * 1024;

describe("mcp push-image", { timeout: 240_000 }, () => {
  const stack = new AsyncDisposableStack();
  let node: TestNode;
  let local: TestPodman;
  let env: Record<string, string>;
  let services: string;

  before(async () => {
    node = stack.use(await createTestNode());
    local = stack.use(await createTestPodman({ images: [] }));
    const directory = join(node.directory, "operator");
    services = join(directory, "services");
    await mkdir(services, { recursive: true });
    const configFile = join(directory, "mcp.toml");
    const tables = [
      `[tls]\nca_cert = "${node.certificates.caFile}"`,
      `[[nodes]]\nname = "${node.agent.node}"\naddress = "${node.agent.address}"`,
    ];
    await writeFile(configFile, `${tables.join("\n\n")}\n`);
    const token = await node.identity.systemToken("pusher");
    env = { ...local.environment, MCP_CONFIG: configFile, MCP_TOKEN: token };
  });
  after(() => stack.disposeAsync());

  const mcp = (...argv: string[]): Promise<ToolResult> => runTool(argv, { env });

  async function define(service: string, image: string): Promise<void> {
    const text = `name = "${service}"\nnode = "${node.agent.node}"\n\n[[components]]\nname = "web"\nimage = "${image}"\n`;
    await writeFile(
      join(services, `${service}.toml`),
      `${text}\n[[components.routes]]\nport = 8443\nmode = "l7"\n\n[components.health]\nhttp = "/healthz"\ninterval = "100ms"\n`,
    );
  }

  async function push(...argv: string[]): Promise<Pushed["images"][0]> {
    const { code, stdout, stderr } = await mcp("push-image", ...argv, "-o", "json");
    assert.equal(code, 0, stderr);
    const [image, ...others] = parsed<Pushed>(stdout).images;
    assert.ok(image !== undefined && others.length === 0);
    return image;
  }

  /** Puts a layer with so many random bytes on top of an image. */
  async function layered(name: string, from: string, sizeBytes: number): Promise<void> {
    const context = join(local.directory, `context-${randomBytes(4).toString("hex")}`);
    await mkdir(context);
    await writeFile(join(context, "content"), randomBytes(sizeBytes));
    await writeFile(join(context, "Containerfile"), `FROM ${from}\nCOPY content /content-${sizeBytes}\n`);
    await local.cli("build", "--quiet", "--isolation", "chroot", "--tag", name, context);
  }

  /** Size of the layer on top, as `podman save` writes it. */
  async function topLayerBytes(name: string): Promise<number> {
    const directory = join(local.directory, `saved-${randomBytes(4).toString("hex")}`);
    await local.cli("save", "--quiet", "--format", "oci-dir", "--uncompressed", "--output", directory, name);
    const layers = await local.cli("image", "inspect", "--format", "{{json .RootFS.Layers}}", name);
    const top = (JSON.parse(layers) as string[]).at(-1) ?? "";
    return (await stat(join(directory, "blobs", top.replace(":", "/")))).size;
  }

  const web = (version: string) => ({
    files: { "/www/index.html": version, "/www/healthz": version },
    entrypoint: ["/bin/sh", "-c"],
    cmd: ['exec httpd -f -p "0.0.0.0:${PORT:-8080}" -h /www'],
  });

  const layersDirectory = (): string => join(node.directory, "run", "layers");

  test("sends an image, which then runs as if it had been pulled", async () => {
    await define("shop", "mcr.example.net/shop:v1");
    await local.image("mcr.example.net/shop:v1", web("one"));
    const preview = await mcp("push-image", "shop", "--dry-run");
    assert.match(preview.stdout, /would send 1 of 2 layers of mcr\.example\.net\/shop:v1/u);
    const pushed = await push("shop");
    // The node has the busybox below from its other images.
    const { result, layers, sent_layers: sentLayers } = pushed;
    assert.deepEqual({ result, layers, sentLayers }, { result: "imported", layers: 2, sentLayers: 1 });
    // Little text in a tar is mostly zeros.
    assert.ok(pushed.transferred_bytes > 0 && pushed.transferred_bytes < pushed.sent_bytes / 2);
    const here = (
      await local.cli("image", "inspect", "--format", "{{.Id}}", "mcr.example.net/shop:v1")
    ).trim();
    const inspected = await node.podman.cli("image", "inspect", "mcr.example.net/shop:v1");
    const [there] = JSON.parse(inspected) as { Id: string; Digest: string }[];
    assert.deepEqual([there?.Id, there?.Digest], [here, pushed.digest]);
    const deployed = await mcp("deploy", "shop");
    assert.equal(deployed.code, 0, deployed.stderr);
    assert.deepEqual(await readdir(layersDirectory()), []);
  });

  test("sends only the bytes of the layer that changed", async () => {
    await define("big", "localhost/big:v1");
    await local.image("localhost/small:v1", web("big"));
    await layered("localhost/big:v1", "localhost/small:v1", 8 * mebibyte);
    const first = await push("big");
    assert.ok(first.sent_bytes > 8 * mebibyte);
    await layered("localhost/big:v1", "localhost/big:v1", 100_000);
    const second = await push("big");
    assert.deepEqual([second.layers, second.sent_layers], [4, 1]);
    assert.equal(second.sent_bytes, await topLayerBytes("localhost/big:v1"));
    assert.ok(second.sent_bytes < 110_000);
    const third = await push("big");
    assert.deepEqual([third.result, third.sent_bytes, third.digest], ["there", 0, second.digest]);
    const files = await node.podman.cli(
      "run",
      "--rm",
      "--entrypoint",
      "/bin/sh",
      "localhost/big:v1",
      "-c",
      "ls /",
    );
    assert.match(files, /content-100000\n.*content-8388608/su);
  });

  test("goes on with what arrived when the tool or the agent was killed", async () => {
    await define("cut", "localhost/cut:v1");
    await layered("localhost/cut:v1", "localhost/small:v1", 3 * mebibyte);
    await layered("localhost/cut:v1", "localhost/cut:v1", 64 * mebibyte);
    const arrived = async (pattern: RegExp): Promise<string[]> =>
      (await readdir(layersDirectory())).filter((name) => pattern.test(name));
    const tool = startTool(["push-image", "cut"], { env });
    await eventually(async () => assert.equal((await arrived(/partial$/u)).length, 1));
    await eventually(async () => assert.equal((await arrived(/^[0-9a-f]{64}$/u)).length, 1));
    tool.child.kill("SIGKILL");
    await tool.result;
    await eventually(async () => assert.deepEqual(await arrived(/partial$/u), []));
    assert.equal((await mcp("push-image", "cut", "--dry-run")).stdout.includes("1 of 4 layers"), true);
    const again = startTool(["push-image", "cut"], { env });
    await eventually(async () => assert.equal((await arrived(/partial$/u)).length, 1));
    await node.agent.program.kill();
    assert.notEqual((await again.result).code, 0);
    await node.agent.start();
    assert.deepEqual(await arrived(/partial$/u), []);
    const last = await push("cut");
    assert.equal(last.sent_layers, 1);
    assert.equal(last.sent_bytes, await topLayerBytes("localhost/cut:v1"));
    assert.deepEqual(await readdir(layersDirectory()), []);
  });

  test("lets two send the same image at once", async () => {
    await define("twice", "localhost/twice:v1");
    await layered("localhost/twice:v1", "localhost/small:v1", 20 * mebibyte);
    const both = await Promise.all([push("twice"), push("twice")]);
    assert.deepEqual(new Set(both.map(({ digest }) => digest)).size, 1);
    assert.equal(both.filter(({ result }) => result === "imported").length, 1);
    assert.deepEqual(await readdir(layersDirectory()), []);
  });

  test("gives an image that the node has another name without sending anything", async () => {
    await define("renamed", "localhost/renamed:v7");
    const { result, sent_bytes: sentBytes } = await push("renamed", "--from", "localhost/big:v1");
    assert.deepEqual({ result, sentBytes }, { result: "named", sentBytes: 0 });
    await node.podman.cli("image", "exists", "localhost/renamed:v7");
  });

  test("refuses what the node cannot run, before anything is sent", async () => {
    await define("foreign", "localhost/foreign:v1");
    const context = join(local.directory, "foreign");
    await mkdir(context);
    await writeFile(join(context, "Containerfile"), "FROM scratch\nCOPY Containerfile /\n");
    const platform = process.arch === "arm64" ? "linux/s390x" : "linux/ppc64le";
    const tag = ["--tag", "localhost/foreign:v1", context];
    await local.cli("build", "--quiet", "--isolation", "chroot", "--platform", platform, ...tag);
    const { code, stderr } = await mcp("push-image", "foreign");
    assert.equal(code, 1);
    assert.match(stderr, /IMAGE_WRONG_PLATFORM/u);
  });

  test("says what is missing here", async () => {
    await define("absent", "localhost/absent:v1");
    const { code, stderr } = await mcp("push-image", "absent");
    assert.equal(code, 1);
    assert.match(stderr, /IMAGE_NOT_FOUND/u);
  });
});
