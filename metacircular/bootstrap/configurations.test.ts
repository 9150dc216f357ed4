import { agentConfigSchema } from "@metacircular/mcp-agent/config.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import { directoriesOf, layoutOf } from "../store/layout.ts";
import type { Settings } from "../store/settings.ts";
import { agentConfiguration, ensureConfigurations } from "./configurations.ts";

const settings: Settings = {
  node: "rift",
  zone: "example.internal",
  ports: {
    identity: 8443,
    agent: 9444,
    metacrypt: 8463,
    metacryptGrpc: 9463,
    pki: 8464,
    nameServer: 8473,
    nameServerGrpc: 9473,
    dns: 5300,
    ingress: 443,
    registry: 8483,
    registryGrpc: 9483,
  },
  podman: { containersConf: '/with "quotes"/containers.conf', storageConf: "" },
  operatorCreated: false,
  acmeKeyId: "",
  sampleDeployed: false,
};

describe("configurations", () => {
  test("are accepted by the agent, whatever is in a path", () => {
    const text = agentConfiguration(layoutOf("/state with spaces"), settings);
    const config = agentConfigSchema.parse(parse(text));
    assert.equal(config.agent.services_dir, "/state with spaces/srv");
    assert.equal(config.podman.containers_conf, settings.podman.containersConf);
    assert.equal(config.reconcile.enabled, true);
    assert.deepEqual(config.server.grpc_addr, { host: "127.0.0.1", port: 9444 });
  });

  test("are written once, and the operator's edits survive a change of ports", async () => {
    await using directory = await createTemporaryDirectory();
    const layout = layoutOf(directory.path);
    for (const path of directoriesOf(layout)) await mkdir(path, { recursive: true });
    assert.equal((await ensureConfigurations(layout, settings)).length, 7);
    assert.deepEqual(await ensureConfigurations(layout, settings), []);
    const own = '\n# my other machine\n[[nodes]]\nname = "attic"\naddress = "10.0.0.7:9444"\n';
    await writeFile(layout.operator.config, (await readFile(layout.operator.config, "utf8")) + own);
    assert.deepEqual(await ensureConfigurations(layout, settings), []);
    const moved = { ...settings, ports: { ...settings.ports, identity: 8450, agent: 9450 } };
    assert.deepEqual(await ensureConfigurations(layout, moved), [
      "mcias/mcias.toml",
      "metacrypt/metacrypt.toml",
      "mcns/mcns.toml",
      "mcr/mcr.toml",
      "mcp/mcp-agent.toml",
      "operator/mcp.toml",
    ]);
    const text = await readFile(layout.operator.config, "utf8");
    assert.ok(text.endsWith(own));
    assert.match(text, /server_url = "https:\/\/127\.0\.0\.1:8450"/);
    assert.match(text, /address = "127\.0\.0\.1:9450"/);
  });

  test("an operator's file of an earlier version learns where images are built and kept, once", async () => {
    await using directory = await createTemporaryDirectory();
    const layout = layoutOf(directory.path);
    for (const path of directoriesOf(layout)) await mkdir(path, { recursive: true });
    const before =
      '# mine\n[services]\ndir = "services"\n\n[[nodes]]\nname = "rift"\naddress = "127.0.0.1:9444"\n';
    await writeFile(layout.operator.config, before);
    await ensureConfigurations(layout, settings);
    const text = await readFile(layout.operator.config, "utf8");
    assert.ok(text.startsWith(before));
    const { build, registry } = parse(text) as Record<string, Record<string, unknown>>;
    assert.equal(build?.["workspace"], layout.operator.workspace);
    assert.equal(registry?.["address"], "127.0.0.1:8483");
    const moved = { ...settings, ports: { ...settings.ports, agent: 9450, registry: 8490 } };
    await ensureConfigurations(layout, moved);
    const changed = parse(await readFile(layout.operator.config, "utf8")) as {
      nodes: { address: string }[];
      registry: { address: string };
    };
    assert.equal(changed.nodes[0]?.address, "127.0.0.1:9450");
    assert.equal(changed.registry.address, "127.0.0.1:8490");
  });
});
