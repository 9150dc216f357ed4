import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import type { MessageInitShape } from "@bufbuild/protobuf";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import {
  ComponentOutcome,
  type DeployRequest,
  OperationOutcome,
  type WatchEventsResponseSchema,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { parsed } from "./tool.ts";
import { aDefinition, type AgentDouble, createWorkplace } from "./workplace.ts";

const succeeded = {
  outcome: OperationOutcome.SUCCEEDED,
  revision: 4n,
  results: [{ name: "web", success: true, outcome: ComponentOutcome.CHANGED }],
};

type WatchEventsInit = MessageInitShape<typeof WatchEventsResponseSchema>;

const noDetail = { facts: {}, output: [] };

/** Answers a watch with two steps, then ends. */
async function* twoSteps({ operationId }: { operationId: string }): AsyncGenerator<WatchEventsInit> {
  const steps = ["make sure image localhost/web:v1 is here", "start hello-web"].map((description) => ({
    description,
  }));
  yield { event: { case: "caughtUp" as const, value: {} } };
  yield {
    event: {
      case: "operationStarted" as const,
      value: { operationId, kind: "deploy", caller: "alice", steps },
    },
  };
  for (const [index, step] of steps.entries()) {
    yield { event: { case: "stepStarted" as const, value: { operationId, index, step } } };
    yield { event: { case: "stepFinished" as const, value: { operationId, index, step } } };
  }
}

describe("mcp deploy", () => {
  test("sends the definition, shows each step, and says how it ended", async () => {
    const requests: DeployRequest[] = [];
    await using workplace = await createWorkplace({
      rift: {
        watchEvents: twoSteps,
        deploy: (request) => {
          requests.push(request);
          return succeeded;
        },
      },
    });
    await workplace.define("hello", aDefinition("hello", "web"));
    const { code, stdout, stderr } = await workplace.mcp("deploy", "hello");
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "");
    assert.deepEqual(stderr.split("\n"), [
      "✓ make sure image localhost/web:v1 is here",
      "✓ start hello-web",
      "deploy hello on rift: done (revision 4)",
      "",
    ]);
    const [request] = requests;
    assert.equal(request?.service?.name, "hello");
    assert.equal(request.service.node, "rift");
    assert.equal(request.service.active, true);
    assert.deepEqual([request.component, request.recreate], ["", false]);
    assert.match(request.operationId, /^[0-9a-f-]{36}$/);
  });

  test("sends one component, and refuses one that is not there", async () => {
    const components: string[] = [];
    await using workplace = await createWorkplace({
      rift: {
        deploy: (request) => {
          components.push(request.component);
          return succeeded;
        },
      },
    });
    await workplace.define("hello", aDefinition("hello", "web", "api"));
    assert.equal((await workplace.mcp("deploy", "hello/api", "--recreate")).code, 0);
    const refused = await workplace.mcp("deploy", "hello/apo");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /hello\/apo: hello has web, api\n {2}next: did you mean api\?/);
    assert.deepEqual(components, ["api"]);
  });

  test("exits with 6 when the previous version was restored, and shows the container's last lines", async () => {
    const detail = {
      code: "CONTAINER_EXITED",
      attempted: "start",
      subject: "hello-web",
      found: "it exited with 3",
      remedy: "read its output",
      facts: { exit_code: "3" },
      output: ["boot", "panic: no database"],
    };
    const results = [{ name: "web", success: false, outcome: ComponentOutcome.RESTORED, detail }];
    await using workplace = await createWorkplace({
      rift: { deploy: () => ({ outcome: OperationOutcome.RESTORED, results }) },
    });
    await workplace.define("hello", aDefinition("hello", "web"));
    const forPeople = await workplace.mcp("deploy", "hello");
    assert.equal(forPeople.code, 6);
    assert.match(
      forPeople.stderr,
      /hello\/web: cannot start hello-web: it exited with 3\n {2}\| boot\n {2}\| panic: no database\n/,
    );
    assert.match(forPeople.stderr, /exit_code: 3\n {2}next: read its output\n {2}code: CONTAINER_EXITED\n/);
    assert.match(forPeople.stderr, /failed; the previous version is running/);
    const forPrograms = await workplace.mcp("deploy", "hello", "-o", "json");
    assert.equal(forPrograms.code, 6);
    const [result] = parsed<{ results: unknown[] }>(forPrograms.stdout).results;
    assert.deepEqual(result, { component: "web", outcome: "restored", error: detail, pending: [] });
  });

  test("says loudly what is pending at the edge, and exits with 0", async () => {
    const pending = [
      {
        effect: "route hello.example.net:443",
        code: "PROXY_UNREACHABLE",
        reason: "cannot reach the proxy: it does not run",
      },
    ];
    const results = [{ name: "web", success: true, outcome: ComponentOutcome.CHANGED, pending }];
    await using workplace = await createWorkplace({
      rift: { deploy: () => ({ outcome: OperationOutcome.SUCCEEDED, results }) },
    });
    await workplace.define("hello", aDefinition("hello", "web"));
    const { code, stderr } = await workplace.mcp("deploy", "hello");
    assert.equal(code, 0);
    assert.match(
      stderr,
      /PENDING hello\/web: route hello\.example\.net:443: cannot reach the proxy: it does not run/,
    );
    assert.match(stderr, /the agent goes on trying; see: mcp status hello/);
  });

  for (const [name, outcome, code] of [
    ["unchanged", OperationOutcome.UNCHANGED, 0],
    ["failed", OperationOutcome.FAILED, 1],
    ["partly failed", OperationOutcome.PARTLY_FAILED, 5],
    ["of a newer agent", 99 as OperationOutcome, 1],
  ] as const) {
    test(`exits with ${code} when the outcome is ${name}`, async () => {
      await using workplace = await createWorkplace({ rift: { deploy: () => ({ outcome }) } });
      await workplace.define("hello", aDefinition("hello", "web"));
      assert.equal((await workplace.mcp("deploy", "hello")).code, code);
    });
  }

  test("refuses a bad definition before it talks to anyone", async () => {
    await using workplace = await createWorkplace({ rift: null });
    const file = await workplace.define("hello", aDefinition("hello", "web").replace(":v1", ":latest"));
    const { code, stderr } = await workplace.mcp("deploy", "hello");
    assert.equal(code, 2);
    assert.ok(stderr.includes(`${file}:7:9: image "localhost/web:latest" uses the tag "latest"`), stderr);
  });

  test("takes the file that -f names, whatever it is called, but not another service than asked for", async () => {
    await using workplace = await createWorkplace({ rift: { deploy: () => succeeded } });
    const file = join(workplace.directory, "elsewhere.toml");
    await writeFile(file, aDefinition("hello", "web"));
    assert.equal((await workplace.mcp("deploy", "-f", file)).code, 0);
    assert.equal((await workplace.mcp("deploy", "hello", "-f", file)).code, 0);
    const other = await workplace.mcp("deploy", "bye", "-f", file);
    assert.equal(other.code, 2);
    assert.match(
      other.stderr,
      /elsewhere\.toml:2:8: service is called "hello" here, but "bye" was asked for/,
    );
    await workplace.define("wrong", aDefinition("hello", "web"));
    assert.equal((await workplace.mcp("deploy", "wrong")).code, 2);
  });

  test("without a file deploys again what the node deployed last", async () => {
    const sent: DeployRequest[] = [];
    const spec = {
      name: "hello",
      node: "rift",
      active: true,
      components: [{ name: "web", image: "localhost/web:v7" }],
    };
    await using workplace = await createWorkplace({
      rift: {
        listServices: () => ({ services: [{ name: "hello" }] }),
        listRevisions: () => ({ revisions: [{ number: 7n, spec }] }),
        deploy: (request) => {
          sent.push(request);
          return succeeded;
        },
      },
    });
    const { code, stderr } = await workplace.mcp("deploy", "hello");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /no definition file for hello; deploying revision 7 of node rift again/);
    assert.equal(sent[0]?.service?.components[0]?.image, "localhost/web:v7");
  });

  test("suggests the service that was meant", async () => {
    await using workplace = await createWorkplace({ rift: { listServices: () => ({ services: [] }) } });
    await workplace.define("metacrypt", aDefinition("metacrypt", "api"));
    const { code, stderr } = await workplace.mcp("deploy", "metacript");
    assert.equal(code, 1);
    assert.match(stderr, /next: did you mean metacrypt\?/);
  });

  test("--dry-run shows the plan and does nothing", async () => {
    const planDeploy: AgentDouble["planDeploy"] = () => ({
      steps: [
        { kind: "pull-image", component: "web", description: "make sure image localhost/web:v1 is here" },
      ],
      changes: [
        {
          component: "web",
          action: "replace",
          fields: [{ field: "image", before: "localhost/web:v0", after: "localhost/web:v1" }],
        },
      ],
    });
    await using workplace = await createWorkplace({ rift: { planDeploy } });
    await workplace.define("hello", aDefinition("hello", "web"));
    const { code, stdout } = await workplace.mcp("deploy", "hello", "--dry-run");
    assert.equal(code, 0);
    assert.equal(
      stdout,
      "hello on rift:\n  replace web\n      image: localhost/web:v0 → localhost/web:v1\nsteps:\n  1. make sure image localhost/web:v1 is here\n",
    );
    assert.equal((await workplace.mcp("plan", "hello", "--exit-code")).code, 10);
    assert.equal((await workplace.mcp("plan", "hello")).code, 0);
  });

  test("asks again for the same operation when the connection is lost in the middle", async () => {
    const ids: string[] = [];
    await using workplace = await createWorkplace({
      rift: {
        watchEvents: twoSteps,
        deploy: (request) => {
          ids.push(request.operationId);
          if (ids.length > 1) return succeeded;
          throw new DetailedError({
            code: "AGENT_STOPPING",
            category: "unavailable",
            attempted: "serve",
            found: "it stops",
            ...noDetail,
          });
        },
      },
    });
    await workplace.define("hello", aDefinition("hello", "web"));
    const { code, stderr } = await workplace.mcp("deploy", "hello");
    assert.equal(code, 0, stderr);
    assert.equal(ids.length, 2);
    assert.equal(ids[0], ids[1]);
  });

  test("Ctrl-C leaves the operation running and says how to follow it", async () => {
    const begun = Promise.withResolvers<string>();
    await using workplace = await createWorkplace({
      rift: {
        async deploy({ operationId }, { signal }) {
          begun.resolve(operationId);
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          return succeeded;
        },
      },
    });
    await workplace.define("hello", aDefinition("hello", "web"));
    const tool = workplace.start("deploy", "hello");
    const operationId = await begun.promise;
    tool.child.kill("SIGINT");
    const { signal, stderr } = await tool.result;
    assert.equal(signal, "SIGINT");
    assert.match(
      stderr,
      new RegExp(
        `the operation continues on the node.\nfollow it with: mcp events --follow --operation ${operationId} --node rift\n$`,
      ),
    );
  });
});
