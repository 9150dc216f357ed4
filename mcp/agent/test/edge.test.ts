import assert from "node:assert/strict";
import { randomUUID, X509Certificate } from "node:crypto";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { readFile, rm, stat } from "node:fs/promises";
import { request } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { createEdgeNode, type EdgeNode, edgeAddress, edgeZone } from "@metacircular/testkit/edge-node.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { aWeb, createOperator, type Operator, serviceMessage } from "@metacircular/testkit/operator.ts";
import { aRoute } from "@metacircular/testkit/specs.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import { ComponentOutcome, OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

const service = "hello";
const hostname = `${service}.${edgeZone}`;

describe("an agent with a proxy, a name server and a certificate authority", () => {
  let node: EdgeNode;
  let operator: Operator;
  before(async () => {
    node = await createEdgeNode();
    operator = createOperator(node);
  });
  after(() => node[Symbol.asyncDispose]());
  beforeEach(async () => {
    const { services } = await node.agent.client.listServices({});
    for (const { name } of services) await node.agent.client.undeployService({ name });
    await eventually(async () => assert.deepEqual(await node.shown(), []));
  });

  const web = (version: string, fields: Partial<ComponentSpec> = {}) =>
    aWeb(version, { routes: [aRoute({ port: node.proxy.port })], update: "start-first", ...fields });
  const pemFile = () => join(node.certificateDirectory, `${hostname}.pem`);
  const everything = async () => [
    `hello A ${edgeAddress}`,
    `l7 ${hostname}:${node.proxy.port} → 127.0.0.1:${await operator.hostPort(service)}`,
  ];
  const pending = async () => (await node.agent.client.getServiceStatus({})).pending;

  /** What an HTTPS client gets that trusts only the authority's root. */
  function answer(): Promise<string> {
    const ca = [...node.authority.roots];
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: "127.0.0.1",
          port: node.proxy.port,
          servername: hostname,
          ca,
          agent: false,
          path: "/",
          headers: { host: hostname },
          timeout: 3_000,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => resolve(`${response.statusCode} ${Buffer.concat(chunks).toString()}`));
        },
      );
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  async function resolved(): Promise<string[]> {
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${node.names.dnsPort}`]);
    return resolver.resolve4(hostname).catch(() => []);
  }

  test("answers over HTTPS with a certificate that verifies, under a name that resolves", async () => {
    const { outcome, results } = await operator.deploy(service, [web("v1")]);
    assert.equal(outcome, OperationOutcome.SUCCEEDED);
    assert.deepEqual(
      results.flatMap((result) => result.pending),
      [],
    );
    assert.deepEqual(await node.shown(), await everything());
    await eventually(async () => assert.equal(await answer(), "200 v1"));
    assert.deepEqual(await resolved(), [edgeAddress]);
    const { mode } = await stat(pemFile());
    assert.equal(mode & 0o777, 0o600);
    const pem = await readFile(pemFile(), "utf8");
    assert.equal(new X509Certificate(pem).subjectAltName, `DNS:${hostname}`);
    assert.equal(pem.match(/BEGIN CERTIFICATE/g)?.length, 2, "the chain is not there");
    const again = await operator.deploy(service, [web("v1")]);
    assert.equal(again.outcome, OperationOutcome.UNCHANGED);
  });

  test("a stop takes route and name away, a start brings them back, an undeploy leaves nothing", async () => {
    await operator.deploy(service, [web("v1")]);
    const certificate = await readFile(pemFile(), "utf8");
    await node.agent.client.stopService({ name: service });
    assert.deepEqual([await node.shown(), await resolved()], [[], []]);
    await node.agent.client.startService({ name: service });
    assert.deepEqual(await node.shown(), await everything());
    assert.equal(await readFile(pemFile(), "utf8"), certificate);
    await node.agent.client.undeployService({ name: service });
    assert.deepEqual(await node.shown(), []);
    await assert.rejects(stat(pemFile()), { code: "ENOENT" });
  });

  test("repairs what somebody took away", async () => {
    await operator.deploy(service, [web("v1")]);
    const shown = await node.shown();
    await node.proxy.client.removeRoute({ port: node.proxy.port, hostname });
    await rm(pemFile());
    await eventually(async () => assert.deepEqual(await node.shown(), shown));
    await eventually(async () => void (await stat(pemFile())));
    await eventually(async () => assert.deepEqual(await pending(), []));
  });

  test("a port that another program has leaves the previous version, also where its own route waits for it", async () => {
    await using other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const onTakenPort = (version: string) => web(version, { routes: [aRoute({ port })] });
    const deployRefused = async (version: string): Promise<void> => {
      const { outcome, results } = await operator.deploy(service, [onTakenPort(version)]);
      assert.deepEqual(
        [outcome, results.map(({ detail }) => detail?.code)],
        [OperationOutcome.RESTORED, ["ROUTE_PORT_UNUSABLE"]],
      );
      assert.match(results[0]?.detail?.found ?? "", /: another program has it$/u);
      assert.deepEqual(await operator.containers(service), ["hello-web running"]);
    };
    await operator.deploy(service, [web("v1")]);
    const shown = await node.shown();
    await deployRefused("v2");
    assert.deepEqual(await node.shown(), shown);
    await node.proxy.kill();
    await operator.deploy(service, [onTakenPort("v1")]);
    await node.proxy.start();
    await deployRefused("v2");
  });

  const parts = {
    "the proxy": { down: () => node.proxy.kill(), up: () => node.proxy.start(), effect: "route" },
    "the name server": { down: () => node.names.kill(), up: () => node.names.start(), effect: "DNS" },
    "the authority": {
      down: () => node.authority.stop(),
      up: () => node.authority.start(),
      effect: "certificate",
    },
  };
  for (const [name, { down, up, effect }] of Object.entries(parts)) {
    test(`deploys without ${name}, says what is pending, and repairs it when that is back`, async () => {
      await down();
      const { outcome, results } = await operator.deploy(service, [web("v1")]);
      assert.equal(outcome, OperationOutcome.SUCCEEDED);
      assert.equal(results[0]?.outcome, ComponentOutcome.CHANGED);
      assert.deepEqual(await operator.containers(service), ["hello-web running"]);
      const effects = results.flatMap((result) => result.pending.map((each) => each.effect));
      assert.ok(
        effects.some((each) => each.startsWith(effect)),
        `no ${effect} is pending`,
      );
      assert.ok((await pending()).some((each) => each.service === service && each.reason !== ""));
      await up();
      await eventually(async () => assert.deepEqual(await pending(), []));
      assert.deepEqual(await node.shown(), await everything());
      await eventually(async () => assert.equal(await answer(), "200 v1"));
    });

    test(`loses nothing where ${name} dies in the middle of a deploy`, async () => {
      await operator.deploy(service, [web("v1")]);
      const deploying = node.agent.client.deploy({
        service: serviceMessage(service, [web("v2")]),
        operationId: randomUUID(),
      });
      await down();
      await up();
      assert.equal((await deploying).outcome, OperationOutcome.SUCCEEDED);
      await eventually(async () => assert.deepEqual(await pending(), []));
      assert.deepEqual(await node.shown(), await everything());
      await eventually(async () => assert.equal(await answer(), "200 v2"));
    });
  }
});
