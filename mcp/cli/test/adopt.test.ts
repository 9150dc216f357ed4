import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { toConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type AdoptRequest, OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { parsed } from "./tool.ts";
import { aDefinition, type AgentDouble, createWorkplace } from "./workplace.ts";

const nothing = new DetailedError({
  code: "NOTHING_TO_ADOPT",
  category: "not-found",
  attempted: "adopt the containers of",
  subject: "shop",
  found: "none is called shop or shop-<component> and belongs to no other service; similar are shop_web",
  remedy: "rename them, e.g. with: podman rename shop_web shop-web",
});

const refused = {
  ...{
    code: "ADOPTION_REFUSED",
    attempted: "adopt container",
    subject: "shop-a_b",
    found: "its name is no name",
  },
  ...{ remedy: "podman rename shop-a_b shop-a-b; then adopt again", facts: {}, output: [] },
};

/** A node with containers of `shop`; keeps what it was asked. */
function holder(asked: AdoptRequest[] = []): AgentDouble {
  return {
    adoptContainer(request) {
      asked.push(request);
      const image = "localhost/web:v1";
      const loss = "log driver journald";
      return {
        results: [
          { container: "shop-a_b", component: "a_b", desiredState: "running", error: "x", detail: refused },
          {
            container: "shop-db",
            component: "db",
            success: true,
            desiredState: "stopped",
            spec: { image },
            notCarried: [loss],
          },
          {
            container: "shop-web",
            component: "web",
            success: true,
            desiredState: "running",
            spec: { image },
            notCarried: [loss, "host name www"],
          },
        ],
        ...(request.dryRun
          ? {}
          : { operationId: request.operationId, outcome: OperationOutcome.PARTLY_FAILED }),
      };
    },
  };
}

const without: AgentDouble = {
  adoptContainer() {
    throw toConnectError(nothing);
  },
};

describe("mcp adopt", () => {
  test("shows what was taken over, what is lost, what was refused, and what comes next", async () => {
    const asked: AdoptRequest[] = [];
    await using place = await createWorkplace({ rift: holder(asked) });
    await place.define("shop-admin", aDefinition("shop-admin", "web"));
    const result = await place.mcp("adopt", "shop");
    assert.equal(result.code, 5);
    assert.equal(
      result.stdout,
      `CONTAINER  COMPONENT  STATE    RESULT   IMAGE
shop-a_b   a_b        running  refused
shop-db    db         stopped  adopted  localhost/web:v1
shop-web   web        running  adopted  localhost/web:v1

not part of a definition, so lost where a deploy replaces the container:
  shop-db, shop-web: log driver journald
  shop-web: host name www
`,
    );
    assert.match(result.stderr, /error: shop-a_b: cannot adopt container shop-a_b: its name is no name/);
    assert.match(result.stderr, /next: podman rename shop-a_b shop-a-b/);
    assert.match(
      result.stderr,
      /stopped beside others that run: shop-db; deploying the service starts what is stopped/,
    );
    assert.match(result.stderr, /next: `mcp service export shop --node rift` writes its definition/);
    assert.deepEqual(
      asked.map(({ dryRun, knownServices }) => [dryRun, knownServices]),
      [[false, ["shop-admin"]]],
    );
  });

  test("--dry-run only asks, and says so in JSON", async () => {
    const asked: AdoptRequest[] = [];
    await using place = await createWorkplace({ rift: holder(asked) });
    const result = await place.mcp("adopt", "shop", "--dry-run", "-o", "json");
    assert.equal(result.code, 5);
    assert.deepEqual(
      asked.map(({ dryRun }) => dryRun),
      [true],
    );
    const { containers, ...about } = parsed<{
      containers: { container: string; result: string; error: unknown }[];
    }>(result.stdout);
    assert.deepEqual(about, {
      node: "rift",
      service: "shop",
      dry_run: true,
      operation_id: null,
      outcome: null,
    });
    assert.deepEqual(
      containers.map(({ container, result: name }) => [container, name]),
      [
        ["shop-a_b", "refused"],
        ["shop-db", "adopted"],
        ["shop-web", "adopted"],
      ],
    );
    assert.deepEqual(containers[0]?.error, { ...refused });
  });

  test("--dry-run names no next step where all is managed", async () => {
    const managed = { container: "shop-web", component: "web", success: true, alreadyManaged: true };
    await using place = await createWorkplace({ rift: { adoptContainer: () => ({ results: [managed] }) } });
    const { code, stderr } = await place.mcp("adopt", "shop", "--dry-run");
    assert.deepEqual([code, stderr], [0, "there is nothing else to take over\n"]);
  });

  test("finds the node that has such containers", async () => {
    const asked: AdoptRequest[] = [];
    await using place = await createWorkplace({ deimos: without, rift: holder(asked) });
    const { code, stderr } = await place.mcp("adopt", "shop");
    assert.equal(code, 5);
    assert.match(stderr, /mcp service export shop --node rift/);
    assert.deepEqual(
      asked.map(({ dryRun }) => dryRun),
      [true, false],
    );
  });

  test("asks which one where several nodes have some, and does nothing", async () => {
    const asked: AdoptRequest[] = [];
    await using place = await createWorkplace({ deimos: holder(asked), rift: holder(asked) });
    const { code, stderr } = await place.mcp("adopt", "shop");
    assert.equal(code, 2);
    assert.match(stderr, /several nodes have it: deimos, rift/);
    assert.ok(asked.every(({ dryRun }) => dryRun));
    assert.equal((await place.mcp("adopt", "shop", "--node", "rift")).code, 5);
  });

  test("says what each node has instead where none has any", async () => {
    await using place = await createWorkplace({ deimos: without, rift: without });
    const { code, stderr } = await place.mcp("adopt", "shop");
    assert.equal(code, 1);
    assert.match(stderr, /deimos: none is called shop .* similar are shop_web\n.*rift: none/);
    assert.match(stderr, /code: NOTHING_TO_ADOPT/);
  });

  test("takes a node that cannot be reached for a reason to stop where no other has any", async () => {
    await using place = await createWorkplace({ deimos: null, rift: without });
    assert.equal((await place.mcp("adopt", "shop")).code, 4);
  });

  test("refuses what cannot be a service", async () => {
    await using place = await createWorkplace({ rift: holder() });
    const { code, stderr } = await place.mcp("adopt", "shop_web");
    assert.equal(code, 2);
    assert.match(stderr, /NAME_INVALID/);
  });
});
