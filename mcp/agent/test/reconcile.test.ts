import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import type { ComponentInfo, OperationInfo, ServiceInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import {
  answerOn,
  aWeb,
  createOperator,
  type Operator,
  serviceMessage,
} from "@metacircular/testkit/operator.ts";
import { aComponent, httpHealth } from "@metacircular/testkit/specs.ts";

let node: TestNode;
let operator: Operator;
before(async () => {
  node = await createTestNode({
    reconcile:
      'enabled = true\nfirst_delay = "300ms"\nmax_delay = "5s"\ngive_up_after = 5\nwell_after = "2s"',
    monitor: 'interval = "2s"',
  });
  operator = createOperator(node);
});
after(() => node[Symbol.asyncDispose]());

/** Between the attempts of one repair: each twice as long as the last, and a fifth less by chance. */
const leastPausesMs = [480, 960, 1_920, 3_840];

async function serviceInfo(service: string): Promise<ServiceInfo> {
  const { services } = await node.agent.client.listServices({});
  const info = services.find(({ name }) => name === service);
  assert.ok(info, `${service} is listed`);
  return info;
}

async function componentInfo(service: string, component = "web"): Promise<ComponentInfo> {
  const info = (await serviceInfo(service)).components.find(({ name }) => name === component);
  assert.ok(info, `${service}/${component} is listed`);
  return info;
}

/** Its operations by the agent itself, oldest first. */
async function ownOperations(service: string): Promise<OperationInfo[]> {
  const { operations } = await node.agent.client.listOperations({ service, limit: 100 });
  return operations.filter(({ caller }) => caller === "mcp-agent").toReversed();
}

const pidOf = async (container: string) => Number(await operator.inspect(container, "{{.State.Pid}}"));
const monitorPidOf = async (container: string) =>
  Number(await operator.inspect(container, "{{.State.ConmonPid}}"));

async function deployed(service: string, fields: Partial<ComponentSpec> = {}): Promise<void> {
  const { outcome, results } = await operator.deploy(service, [aWeb("v1", fields)]);
  assert.equal(outcome, OperationOutcome.SUCCEEDED, JSON.stringify(results.map(({ error }) => error)));
}

/** Waits until the service answers, and returns what its port is then. */
function answersAgain(service: string, text = "v1"): Promise<void> {
  return eventually(async () => {
    assert.deepEqual(await operator.containers(service), [`${service}-web running`]);
    assert.equal(await answerOn(await operator.hostPort(service)), text);
  });
}

/** Kills container and monitor at once: podman goes on to call it running. */
async function lose(container: string): Promise<void> {
  const pids = [await monitorPidOf(container), await pidOf(container)];
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

describe("repairs", () => {
  test("a container that was removed is there again", async () => {
    await deployed("gone");
    await node.podman.cli("rm", "--force", "--time", "0", "gone-web");
    await answersAgain("gone");
    const [repair] = await ownOperations("gone");
    assert.equal(repair?.kind, "repair");
    assert.equal(repair.component, "web");
    await eventually(async () => assert.equal((await componentInfo("gone")).repair, undefined));
  });

  test("one that was killed with its monitor is replaced, though podman calls it running", async () => {
    await deployed("lost");
    await lose("lost-web");
    await answersAgain("lost");
  });

  test("one that podman does not restart is started, and one that finished by itself is not", async () => {
    await deployed("killed", { restart: "no" });
    await node.podman.cli("kill", "killed-web");
    await answersAgain("killed");
    const job = aComponent({
      name: "job",
      image: "localhost/web:silent",
      restart: "no",
      cmd: ["trap 'exit 0' USR1; while :; do sleep 0.05; done"],
    });
    await operator.deploy("batch", [job, aWeb("v1")]);
    await node.podman.cli("kill", "--signal", "USR1", "batch-job");
    await node.podman.cli("rm", "--force", "--time", "0", "batch-web");
    await eventually(async () =>
      assert.deepEqual(await operator.containers("batch"), ["batch-job exited", "batch-web running"]),
    );
    const { steps } = await node.agent.client.reconcileService({ name: "batch", dryRun: true });
    assert.deepEqual(steps, [], "not by hand either");
    const { services } = await node.agent.client.listServices({});
    const batch = services.find(({ name }) => name === "batch")?.components ?? [];
    assert.equal(batch.find(({ name }) => name === "job")?.repair?.state, "finished");
    assert.ok((await ownOperations("batch")).every(({ component }) => component === "web"));
  });

  test("what runs though it should not is stopped", async () => {
    await deployed("unwanted");
    await node.agent.client.stopService({ name: "unwanted" });
    await node.podman.cli("start", "unwanted-web");
    await eventually(async () => assert.equal((await ownOperations("unwanted")).length, 1));
    await eventually(async () =>
      assert.deepEqual(await operator.containers("unwanted"), ["unwanted-web exited"]),
    );
  });

  test("a service that says so is left alone", async () => {
    const message = serviceMessage("manual", [aWeb("v1")]);
    await node.agent.client.deploy({ service: { ...message, reconcile: false } });
    await deployed("automatic");
    assert.equal((await serviceInfo("manual")).reconcile, false);
    assert.equal((await serviceInfo("automatic")).reconcile, true);
    await Promise.all(
      ["manual", "automatic"].map((name) => node.podman.cli("rm", "--force", "--time", "0", `${name}-web`)),
    );
    await answersAgain("automatic");
    await eventually(async () => assert.equal((await componentInfo("manual")).observedState, "removed"));
    assert.deepEqual(await ownOperations("manual"), []);
    const answer = await node.agent.client.reconcileService({ name: "manual" });
    assert.equal(answer.outcome, OperationOutcome.SUCCEEDED);
    assert.ok(answer.steps.some(({ kind }) => kind === "create-container"));
    await answersAgain("manual");
  });
});

describe("a crash loop", () => {
  const script =
    "echo start >> /data/starts; if [ -e /data/broken ]; then echo 'fatal: no database' >&2; exit 3; fi; " +
    'exec httpd -f -p "0.0.0.0:$PORT" -h /www';

  /** A service that crashes from now on, each time podman starts it. */
  async function crashing(service: string, fields: { reconcile?: boolean } = {}) {
    const directory = join(node.directory, service);
    await mkdir(directory);
    const web = aWeb("v1", { cmd: [script], volumes: [`${directory}:/data`] });
    await node.agent.client.deploy({ service: { ...serviceMessage(service, [web]), ...fields } });
    await writeFile(join(directory, "broken"), "");
    process.kill(await pidOf(`${service}-web`), "SIGKILL");
    return {
      web,
      mend: () => rm(join(directory, "broken")),
      starts: async () => (await readFile(join(directory, "starts"), "utf8")).split("\n").length - 1,
    };
  }

  test("is braked, shown with its last output, and started again though its service is not repaired", async () => {
    const { mend } = await crashing("loop", { reconcile: false });
    const repair = await eventually(async () => {
      const info = (await componentInfo("loop")).repair;
      assert.equal(info?.state, "crash-loop");
      assert.ok(info.log.includes("fatal: no database"), info.log.join("\n"));
      // While an attempt is under way there is no next one.
      assert.ok(info.next !== undefined, "it says when it is tried again");
      return info;
    });
    await mend();
    assert.notEqual(repair.reason, "");
    assert.equal((await ownOperations("loop"))[0]?.kind, "brake");
    await answersAgain("loop");
    await eventually(async () => assert.equal((await componentInfo("loop")).repair, undefined));
    const { alerts } = await node.agent.client.listAlerts({ service: "loop" });
    assert.ok(alerts.some(({ type }) => type === "crash-loop"));
    await eventually(async () => {
      const { alerts: open } = await node.agent.client.listAlerts({ service: "loop", active: true });
      assert.deepEqual(
        open.filter(({ type }) => type !== "flapping"),
        [],
      );
    });
  });

  test("costs few starts, is given up, and ended by a deploy", async () => {
    const { web, mend, starts } = await crashing("doomed");
    await eventually(
      async () => assert.equal((await componentInfo("doomed")).repair?.state, "given-up"),
      300_000,
    );
    await eventually(async () => assert.equal((await serviceInfo("doomed")).operation, undefined));
    const atEnd = await starts();
    // Five to find out, and a few with each attempt until it is caught between two of podman's.
    assert.ok(atEnd <= 150, `${atEnd} starts`);
    // Where an attempt found it without a process it made a new one, which goes again when it fails.
    assert.match((await operator.containers("doomed")).join(), /^(doomed-web exited)?$/);
    await node.agent.client.liveCheck({});
    assert.equal(await starts(), atEnd, "it stands still");
    const { repair } = await componentInfo("doomed");
    assert.equal(repair?.attempts, 5);
    assert.ok(repair.log.includes("fatal: no database"));
    await mend();
    const { outcome } = await operator.deploy("doomed", [{ ...web, env: ["MENDED=yes"] }]);
    assert.equal(outcome, OperationOutcome.SUCCEEDED);
    assert.equal((await componentInfo("doomed")).repair, undefined);
  });

  test("is stopped for good by an operator, also in between two of its runs", async () => {
    const { starts } = await crashing("stopped");
    await node.agent.client.stopService({ name: "stopped" });
    const atEnd = await starts();
    assert.deepEqual(await operator.containers("stopped"), ["stopped-web exited"]);
    await node.agent.client.liveCheck({});
    assert.equal(await starts(), atEnd);
    assert.equal((await componentInfo("stopped")).repair, undefined);
  });
});

describe("an operator", () => {
  test("who stops a service in the middle of its repair need not wait, and it stays stopped", async () => {
    const health = { ...httpHealth("/healthz"), deadlineMs: 240_000 };
    const deploying = operator.deploy("slow", [aWeb("late", { health })]);
    await eventually(() => node.podman.cli("exec", "slow-web", "touch", "/go"));
    await deploying;
    await node.podman.cli("rm", "--force", "--time", "0", "slow-web");
    await eventually(async () => {
      const [repair] = await ownOperations("slow");
      assert.equal(repair?.steps[repair.step]?.kind, "await-healthy");
    });
    const beganAtMs = performance.now();
    const { outcome } = await node.agent.client.stopService({ name: "slow" });
    assert.equal(outcome, OperationOutcome.SUCCEEDED);
    const tookMs = performance.now() - beganAtMs;
    assert.ok(tookMs < 20_000, `it took ${Math.round(tookMs)} ms`);
    const [repair] = await ownOperations("slow");
    assert.equal(repair?.error?.code, "OPERATION_PREEMPTED");
    assert.match((await operator.containers("slow")).join(), /^(slow-web exited)?$/);
    // The next look at it begins no further repair.
    await node.agent.client.liveCheck({});
    assert.equal((await ownOperations("slow")).length, 1);
  });

  test("sees that the agent gave up and why, and repairs by hand once the reason is gone", async () => {
    await node.podman.image("localhost/web:here", {
      files: { "/www/index.html": "here", "/www/healthz": "here" },
      entrypoint: ["/bin/sh", "-c"],
      cmd: ['exec httpd -f -p "0.0.0.0:$PORT" -h /www'],
    });
    await operator.deploy("imageless", [aWeb("here")]);
    await node.podman.cli("rmi", "--force", "localhost/web:here");
    const repair = await eventually(async () => {
      const info = (await componentInfo("imageless")).repair;
      assert.equal(info?.state, "given-up");
      return info;
    });
    assert.equal(repair.attempts, 5);
    assert.equal(repair.next, undefined);
    assert.match(repair.reason, /^cannot pull image localhost\/web:here: /);
    const operations = await ownOperations("imageless");
    assert.equal(operations.length, 5);
    // A busy machine begins later than the pause asks for, but never earlier.
    for (const [index, leastMs] of leastPausesMs.entries()) {
      const endedAtMs = timestampMs(operations[index]?.finished ?? assert.fail());
      const pauseMs = timestampMs(operations[index + 1]?.started ?? assert.fail()) - endedAtMs;
      assert.ok(pauseMs >= leastMs, `pause ${index + 1} took ${pauseMs} ms: each is longer than the last`);
    }
    const failure = await node.agent.client.reconcileService({ name: "imageless" });
    assert.equal(failure.outcome, OperationOutcome.FAILED);
    await node.podman.image("localhost/web:here", {
      files: { "/www/index.html": "here", "/www/healthz": "here" },
      entrypoint: ["/bin/sh", "-c"],
      cmd: ['exec httpd -f -p "0.0.0.0:$PORT" -h /www'],
    });
    const answer = await node.agent.client.reconcileService({ name: "imageless" });
    assert.equal(answer.outcome, OperationOutcome.SUCCEEDED);
    await answersAgain("imageless", "here");
    assert.equal((await componentInfo("imageless")).repair, undefined);
  });

  test("is told that there is no such service", async () => {
    const failure = await node.agent.client
      .reconcileService({ name: "nowhere" })
      .catch((error: unknown) => fromConnectError(error));
    assert.ok(failure instanceof Error);
    assert.match(failure.message, /nowhere/);
  });
});
