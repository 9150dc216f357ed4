import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { parsed } from "./tool.ts";
import { aDefinition, type AgentDouble, createWorkplace } from "./workplace.ts";

const done = { outcome: OperationOutcome.SUCCEEDED };

/** Notes what was asked for and answers that it is done. */
function noting(calls: string[]): AgentDouble {
  const note = (what: string) => (request: { name: string; component?: string }) => {
    calls.push([what, request.name, request.component ?? ""].join(" ").trim());
    return done;
  };
  return {
    stopService: note("stop"),
    startService: note("start"),
    restartService: note("restart"),
    undeployService: note("undeploy"),
    getServiceStatus: ({ name }) => ({
      services: [
        {
          name,
          spec: { name, active: true, components: [{ name: "web", image: "localhost/web:v1" }] },
          components: [
            { name: "web", container: `${name}-web` },
            { name: "api", container: `${name}-api` },
          ],
        },
      ],
    }),
    planDeploy: ({ service }) => ({ steps: [{ description: `active: ${service?.active}` }] }),
  };
}

describe("stop and start", () => {
  test("tell the agent, then the definition file, which keeps its comments", async () => {
    const calls: string[] = [];
    await using workplace = await createWorkplace({ rift: noting(calls) });
    const text = aDefinition("hello", "web");
    await workplace.define("hello", text);
    const stopped = await workplace.mcp("stop", "hello");
    assert.equal(stopped.code, 0, stopped.stderr);
    const inactive = text.replace("# the core\n", "# the core\nactive = false\n");
    assert.equal(await workplace.definition("hello"), inactive);
    assert.equal((await workplace.mcp("start", "hello")).code, 0);
    assert.equal(await workplace.definition("hello"), inactive.replace("active = false", "active = true"));
    assert.deepEqual(calls, ["stop hello", "start hello"]);
  });

  test("leave the file alone when the agent fails, and say what comes of it", async () => {
    await using workplace = await createWorkplace({
      rift: { stopService: () => ({ outcome: OperationOutcome.FAILED }) },
    });
    const text = aDefinition("hello", "web");
    await workplace.define("hello", text);
    const { code, stderr } = await workplace.mcp("stop", "hello");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /hello\.toml still says active = true, which the next sync or deploy brings about\n$/,
    );
    assert.equal(await workplace.definition("hello"), text);
  });

  test("--dry-run asks the planner and changes nothing", async () => {
    const calls: string[] = [];
    await using workplace = await createWorkplace({ rift: noting(calls) });
    await workplace.define("hello", aDefinition("hello", "web"));
    assert.match((await workplace.mcp("stop", "hello", "--dry-run")).stdout, /active: false/);
    assert.match((await workplace.mcp("start", "hello", "--dry-run")).stdout, /active: true/);
    assert.deepEqual(calls, []);
    assert.equal(await workplace.definition("hello"), aDefinition("hello", "web"));
  });

  test("work without a file, on the one node that has the service", async () => {
    const calls: string[] = [];
    await using workplace = await createWorkplace({
      rift: { ...noting(calls), listServices: () => ({ services: [{ name: "hello" }] }) },
      svc: { listServices: () => ({}) },
    });
    assert.equal((await workplace.mcp("stop", "hello")).code, 0);
    assert.deepEqual(calls, ["stop hello"]);
  });
});

test("a service that several nodes have needs --node", async () => {
  const calls: string[] = [];
  const has: AgentDouble = { ...noting(calls), listServices: () => ({ services: [{ name: "hello" }] }) };
  await using workplace = await createWorkplace({ rift: has, svc: has });
  const unclear = await workplace.mcp("stop", "hello");
  assert.equal(unclear.code, 2);
  assert.match(unclear.stderr, /several nodes have it: rift, svc\n {2}next: choose one with --node/);
  assert.equal((await workplace.mcp("stop", "hello", "--node", "svc")).code, 0);
  assert.deepEqual(calls, ["stop hello"]);
});

test("restart takes a service or one component", async () => {
  const calls: string[] = [];
  await using workplace = await createWorkplace({ rift: noting(calls) });
  await workplace.define("hello", aDefinition("hello", "web", "api"));
  assert.equal((await workplace.mcp("restart", "hello")).code, 0);
  assert.equal((await workplace.mcp("restart", "hello/api")).code, 0);
  assert.deepEqual(calls, ["restart hello", "restart hello api"]);
  assert.match(
    (await workplace.mcp("restart", "hello/api", "--dry-run")).stdout,
    /^hello on rift: would restart\n {2}hello-api\n$/,
  );
  assert.equal((await workplace.mcp("restart", "hello/")).code, 2);
});

test("restart makes a stopped service active in its file too, or the next sync would stop it", async () => {
  await using workplace = await createWorkplace({ rift: noting([]) });
  const text = aDefinition("hello", "web");
  await workplace.define("hello", text.replace("# the core\n", "# the core\nactive = false\n"));
  const { code, stderr } = await workplace.mcp("restart", "hello");
  assert.equal(code, 0);
  assert.match(stderr, /hello\.toml: active = true/);
  assert.match(await workplace.definition("hello"), /^active = true$/m);
});

test("undeploy needs --yes where it cannot ask", async () => {
  const calls: string[] = [];
  await using workplace = await createWorkplace({ rift: noting(calls) });
  await workplace.define("hello", aDefinition("hello", "web"));
  const refused = await workplace.mcp("undeploy", "hello");
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /there is no terminal to ask on\n {2}next: add --yes/);
  assert.match(
    (await workplace.mcp("undeploy", "hello", "--dry-run")).stdout,
    /would remove\n {2}hello-web\n {2}hello-api/,
  );
  assert.deepEqual(calls, []);
  assert.equal((await workplace.mcp("undeploy", "hello", "-y")).code, 0);
  assert.deepEqual(calls, ["undeploy hello"]);
  assert.equal(await workplace.definition("hello"), aDefinition("hello", "web"));
});

test("rollback deploys the revision that was asked for, by default the one before", async () => {
  const asked: bigint[] = [];
  const revision = (number: bigint, tag: string, current = false) => ({
    number,
    current,
    spec: { name: "hello", components: [{ name: "web", image: `localhost/web:${tag}` }] },
  });
  await using workplace = await createWorkplace({
    rift: {
      listRevisions: () => ({
        revisions: [revision(3n, "v3", true), revision(2n, "v2"), revision(1n, "v1")],
      }),
      planRollback: (request) => ({ steps: [{ description: `use revision ${request.revision}` }] }),
      rollback: ({ revision: number }) => {
        asked.push(number);
        return { ...done, revision: 4n };
      },
    },
  });
  await workplace.define("hello", aDefinition("hello", "web"));
  assert.match((await workplace.mcp("rollback", "hello", "--dry-run")).stdout, /use revision 2/);
  assert.equal((await workplace.mcp("rollback", "hello")).code, 2);
  assert.equal((await workplace.mcp("rollback", "hello", "--yes")).code, 0);
  assert.equal((await workplace.mcp("rollback", "hello", "--yes", "--to", "1")).code, 0);
  assert.deepEqual(asked, [2n, 1n]);
  const unknown = await workplace.mcp("rollback", "hello", "--yes", "--to", "9");
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /node rift has no revision 9/);
  const history = await workplace.mcp("history", "hello", "-o", "json");
  const { revisions } = parsed<{ revisions: { number: number }[] }>(history.stdout);
  const numbers = revisions.map(({ number }) => number);
  assert.deepEqual(numbers, [3, 2, 1]);
});

test("rollback passes over revisions that deploy the same as what is deployed", async () => {
  const revision = (number: bigint, tag: string) => ({
    number,
    current: number === 4n,
    spec: {
      name: "hello",
      active: number !== 3n,
      components: [{ name: "web", image: `localhost/web:${tag}` }],
    },
    digests: { web: `sha256:${tag}` },
  });
  const revisions = [revision(4n, "v2"), revision(3n, "v2"), revision(2n, "v1"), revision(1n, "v0")];
  const asked: bigint[] = [];
  await using workplace = await createWorkplace({
    rift: {
      listRevisions: () => ({ revisions }),
      rollback: ({ revision: number }) => {
        asked.push(number);
        return { outcome: OperationOutcome.UNCHANGED };
      },
    },
  });
  await workplace.define("hello", aDefinition("hello", "web"));
  const { stderr } = await workplace.mcp("rollback", "hello", "--yes");
  assert.deepEqual(asked, [2n]);
  assert.doesNotMatch(stderr, /the other version/);
});

test("an agent's refusal shows its own words and code", async () => {
  const refusal = new DetailedError({
    code: "OPERATION_IN_PROGRESS",
    category: "aborted",
    attempted: "stop",
    subject: "hello",
    found: "bob has been deploying it for 12 s",
    remedy: "wait",
  });
  await using workplace = await createWorkplace({
    rift: {
      stopService: () => {
        throw refusal;
      },
    },
  });
  await workplace.define("hello", aDefinition("hello", "web"));
  const forPeople = await workplace.mcp("stop", "hello");
  assert.equal(forPeople.code, 1);
  assert.equal(
    forPeople.stderr,
    "error: cannot stop hello: bob has been deploying it for 12 s\n  next: wait\n  code: OPERATION_IN_PROGRESS\n",
  );
  const forPrograms = await workplace.mcp("stop", "hello", "-o", "json");
  assert.equal(forPrograms.stdout, "");
  assert.equal(parsed<{ error: { code: string } }>(forPrograms.stderr).error.code, "OPERATION_IN_PROGRESS");
});

describe("a definition file with mistakes", () => {
  const revisions = {
    listServices: () => ({ services: [{ name: "hello" }] }),
    listRevisions: () => ({ revisions: [{ number: 2n, current: true }, { number: 1n }] }),
  };

  test("keeps nobody from the history, and from rolling back", async () => {
    await using workplace = await createWorkplace({ rift: { ...revisions, rollback: () => done } });
    const file = await workplace.define("hello", 'name = "hello"\nnodes = "rift"\n');
    const history = await workplace.mcp("history", "hello");
    assert.equal(history.code, 0, history.stderr);
    assert.ok(
      history.stderr.startsWith(
        `${file} cannot be used, see \`mcp plan hello\`; node rift has the service\n`,
      ),
      history.stderr,
    );
    const back = await workplace.mcp("rollback", "hello", "--yes");
    assert.equal(back.code, 0, back.stderr);
  });

  test("is stopped nevertheless, and the operator is told to correct the file", async () => {
    const calls: string[] = [];
    await using workplace = await createWorkplace({ rift: { ...revisions, ...noting(calls) } });
    await workplace.define("hello", "name = 1\n");
    const stopped = await workplace.mcp("stop", "hello");
    assert.equal(stopped.code, 5);
    assert.match(stopped.stderr, /DEFINITION_INVALID\nset active = false in the file yourself/);
    assert.deepEqual(calls, ["stop hello"]);
  });

  test("is what is wrong where no node has the service", async () => {
    await using workplace = await createWorkplace({ rift: { listServices: () => ({}) } });
    await workplace.define("hello", "name = 1\n");
    const { code, stderr } = await workplace.mcp("history", "hello");
    assert.equal(code, 2);
    assert.match(stderr, /code: DEFINITION_INVALID/);
  });
});

test("history says so when none of the revisions is deployed", async () => {
  await using workplace = await createWorkplace({
    rift: { listRevisions: () => ({ revisions: [{ number: 1n }] }) },
  });
  const { stderr } = await workplace.mcp("history", "hello", "--node", "rift");
  assert.equal(stderr, "not deployed now; go back with `mcp rollback hello --to <revision>`\n");
});
