import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import type { ErrorDetail } from "@metacircular/proto/gen/mcdsl/v1/error_pb.ts";
import {
  ComponentOutcome,
  type DeployResponse,
  OperationOutcome,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { answerOn, aWeb, createOperator, type Operator } from "@metacircular/testkit/operator.ts";
import { httpHealth } from "@metacircular/testkit/specs.ts";
import { startSteadyClient } from "@metacircular/testkit/steady-client.ts";

/** What a version that runs but never becomes healthy may take. */
const deadlineMs = 700;
const memoryLimit = "24m";

let node: TestNode;
let operator: Operator;
/** A port of the node that somebody else listens on. */
let takenPort: number;
const resources = new AsyncDisposableStack();
before(async () => {
  node = resources.use(await createTestNode());
  operator = createOperator(node);
  await node.podman.image("localhost/web:hungry", {
    entrypoint: ["/bin/sh", "-c"],
    cmd: ['until [ -e /go ]; do sleep 0.05; done; echo "loading everything"; exec tail /dev/zero'],
  });
  const server = resources.use(createServer());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  takenPort = (server.address() as AddressInfo).port;
});
after(() => resources.disposeAsync());

/** A version that cannot run, and how its failure is explained. */
interface FailingVersion {
  readonly title: string;
  readonly fields: () => Partial<ComponentSpec>;
  readonly code: string;
  /** It is found out before anything that runs is touched. */
  readonly foundEarly?: true;
  /** No start-first service can be declared so. */
  readonly onlyStopFirst?: true;
  readonly explained?: (detail: ErrorDetail) => void;
  /** What happens to the new container while the deploy waits for it. */
  readonly meanwhile?: (container: string) => Promise<unknown>;
}

const impatient = { ...httpHealth("/healthz"), deadlineMs };
/** Long enough for it to be asked, and to answer, on a slow machine. */
const patient = { ...impatient, deadlineMs: 5_000 };

const failingVersions: readonly FailingVersion[] = [
  {
    title: "exits",
    fields: () => ({ image: "localhost/web:exits" }),
    code: "CONTAINER_EXITED",
    explained({ facts, output }) {
      assert.equal(facts["exit_code"], "3");
      assert.deepEqual(output.slice(0, 2), ["reading configuration", "fatal: no database at /nowhere"]);
    },
  },
  {
    title: "answers, but is sick",
    fields: () => ({ image: "localhost/web:sick", health: patient }),
    code: "HEALTH_CHECK_FAILED",
    explained: ({ facts }) => assert.match(facts["last_probe"] ?? "", /^GET \/healthz .* answered 404$/u),
  },
  {
    title: "never answers",
    fields: () => ({ image: "localhost/web:silent", health: impatient }),
    code: "HEALTH_CHECK_FAILED",
    explained: ({ facts }) => assert.match(facts["last_probe"] ?? "", /^GET \/healthz on port \d+: /u),
  },
  {
    title: "names a command that its image lacks",
    fields: () => ({ image: "localhost/web:badcmd" }),
    code: "CONTAINER_EXITED",
    explained: ({ output }) => assert.match(output.join("\n"), /failed to exec pid1: No such file/u),
  },
  {
    title: "runs out of memory",
    fields: () => ({
      image: "localhost/web:hungry",
      restart: "no",
      health: httpHealth("/healthz"),
    }),
    // Where the container's monitor is not told by the kernel, as with cgroups of both versions, podman says
    // of it only that it was killed.
    code: "CONTAINER_EXITED",
    async meanwhile(container) {
      await node.podman.cli("update", "--memory", memoryLimit, container);
      await node.podman.cli("exec", container, "touch", "/go");
    },
    explained({ facts, found, output }) {
      assert.equal(facts["exit_code"], "137");
      assert.match(found, /memory/u);
      assert.deepEqual(output, ["loading everything"]);
    },
  },
  {
    title: "has an image that does not exist",
    fields: () => ({ image: "localhost/web:missing" }),
    code: "IMAGE_NOT_FOUND",
    foundEarly: true,
  },
  {
    title: "wants a port that is taken",
    fields: () => ({ ports: [`127.0.0.1:${takenPort}:80`] }),
    code: "PORT_IN_USE",
    foundEarly: true,
    onlyStopFirst: true,
    explained: ({ facts }) => assert.equal(facts["port"], String(takenPort)),
  },
  {
    title: "wants a network that does not exist",
    fields: () => ({ network: "nowhere" }),
    code: "NETWORK_NOT_FOUND",
    foundEarly: true,
  },
  {
    title: "mounts a directory that does not exist",
    fields: () => ({ volumes: ["/nowhere/at/all:/data:ro"] }),
    code: "MOUNT_SOURCE_MISSING",
    foundEarly: true,
  },
];

const strategies = ["start-first", "stop-first"] as const;
type Strategy = (typeof strategies)[number];

/** Deploys a version that fails; `meanwhile` happens to its container once it runs. */
async function deployFailing(
  service: string,
  component: ComponentSpec,
  meanwhile: FailingVersion["meanwhile"],
): Promise<DeployResponse> {
  const deployed = operator.deploy(service, [component]);
  if (meanwhile !== undefined) await Promise.all([deployed, meanwhile(await newContainer(service))]);
  return deployed;
}

function errorsOf({ results }: DeployResponse): string {
  return results.map(({ error }) => error).join("\n");
}

/** The container that a deploy of `localhost/web:hungry` runs. */
function newContainer(service: string): Promise<string> {
  return eventually(async () => {
    const filters = [
      "--filter",
      `label=net.metacircular.mcp.service=${service}`,
      "--filter",
      "status=running",
    ];
    const names = await node.podman.cli(
      ...["ps", ...filters, "--filter", "ancestor=localhost/web:hungry", "--format", "{{.Names}}"],
    );
    assert.notEqual(names.trim(), "");
    return names.trim();
  });
}

/** Everything an operator looks at says that v1 runs, and nothing else is there. */
async function assertRunsV1(service: string, identity: string): Promise<void> {
  assert.deepEqual(await operator.containers(service), [`${service}-web running`]);
  assert.equal(await operator.inspect(`${service}-web`, "{{.Id}} {{.ImageName}}"), identity);
  const { services, drift } = await node.agent.client.getServiceStatus({ name: service });
  assert.deepEqual(drift, []);
  const [component] = services[0]?.components ?? [];
  assert.equal(component?.image, "localhost/web:v1");
  assert.equal(component.observedState, "running");
  assert.equal(component.desiredState, "running");
  const { revisions } = await node.agent.client.listRevisions({ service });
  assert.deepEqual(
    revisions.map(({ number, current }) => [number, current]),
    [[1n, true]],
  );
}

async function startedAt(service: string): Promise<string> {
  return operator.inspect(`${service}-web`, "{{.State.StartedAt}}");
}

function survives(failing: FailingVersion, strategy: Strategy, service: string): void {
  test(`should keep what runs when the new version ${failing.title}, ${strategy}`, async (context) => {
    const first = await operator.deploy(service, [aWeb("v1", { update: strategy })]);
    assert.equal(first.outcome, OperationOutcome.SUCCEEDED, errorsOf(first));
    const port = await operator.hostPort(service);
    const identity = await operator.inspect(`${service}-web`, "{{.Id}} {{.ImageName}}");
    const startedBefore = await startedAt(service);
    await using client = startSteadyClient(port);
    const bad = aWeb("v1", { update: strategy, ...failing.fields() });
    const response = await deployFailing(service, bad, failing.meanwhile);
    const deployedAtMs = Date.now();
    await eventually(() => assert.ok((client.answers.at(-1)?.atMs ?? 0) > deployedAtMs));
    await client[Symbol.asyncDispose]();

    const [result] = response.results;
    assert.ok(result?.detail !== undefined);
    assert.equal(result.detail.code, failing.code, result.error);
    failing.explained?.(result.detail);
    assert.notEqual(result.detail.remedy, "");
    assert.equal(response.outcome, OperationOutcome.RESTORED);
    assert.equal(result.outcome, ComponentOutcome.RESTORED);
    assert.equal(result.success, false);
    assert.equal(response.revision, 0n);

    assert.equal(await operator.hostPort(service), port);
    assert.equal(await answerOn(port), "v1");
    await assertRunsV1(service, identity);
    if (failing.foundEarly === true || strategy === "start-first") {
      assert.deepEqual(client.errors, []);
      assert.ok(client.answers.every(({ text }) => text === "v1"));
      assert.equal(await startedAt(service), startedBefore, "it was never stopped");
    } else {
      context.diagnostic(`${service}: no answer for ${client.longestGapMs()} ms`);
    }

    const next = await operator.deploy(service, [aWeb("v2", { update: strategy })]);
    assert.equal(next.outcome, OperationOutcome.SUCCEEDED, errorsOf(next));
    assert.equal(await answerOn(await operator.hostPort(service)), "v2");
    assert.deepEqual(await operator.containers(service), [`${service}-web running`]);
  });
}

describe("a version that fails", { concurrency: 3 }, () => {
  failingVersions.forEach((failing, index) => {
    for (const strategy of strategies) {
      if (failing.onlyStopFirst === true && strategy === "start-first") continue;
      survives(failing, strategy, `${strategy}-${index}`);
    }
  });
});

describe("a first deploy that fails", { concurrency: 3 }, () => {
  failingVersions
    .filter(({ meanwhile }) => meanwhile === undefined)
    .forEach((failing, index) => {
      test(`should leave nothing behind when it ${failing.title}`, async () => {
        const service = `first-${index}`;
        const response = await operator.deploy(service, [aWeb("v1", failing.fields())]);
        assert.equal(response.outcome, OperationOutcome.FAILED);
        assert.equal(response.results[0]?.outcome, ComponentOutcome.FAILED);
        assert.equal(response.results[0].detail?.code, failing.code);
        assert.deepEqual(await operator.containers(service), []);
        const { services } = await node.agent.client.listServices({});
        assert.ok(!services.some(({ name }) => name === service));
        const { revisions } = await node.agent.client.listRevisions({ service });
        assert.deepEqual(revisions, []);
      });
    });
});
