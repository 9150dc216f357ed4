import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { SyncRequest } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { parsed } from "./tool.ts";
import { aDefinition, type AgentDouble, createWorkplace } from "./workplace.ts";

/** A node that records every definition as new, and remembers what it was asked. */
function aNode(
  requests: SyncRequest[] = [],
  { listed = [], refused = "" }: { listed?: readonly string[]; refused?: string } = {},
): AgentDouble {
  return {
    listServices: () => ({
      services: listed.map((name) => ({ name, components: [{ name: "web", desiredState: "running" }] })),
    }),
    syncDesiredState(request) {
      requests.push(request);
      if (request.services.some(({ name }) => name === refused)) throw fullDisk();
      const results = request.services.map(({ name }) => ({
        name,
        changed: true,
        summary: "new",
        notes: [`not running: web: mcp deploy ${name}`],
      }));
      return {
        results,
        unmanaged: [
          {
            name: "mc-proxy",
            image: "localhost/proxy:v3",
            observedState: "running",
            service: "mc-proxy",
            component: "mc-proxy",
          },
        ],
      };
    },
  };
}

function fullDisk(): DetailedError {
  const found = "there is no space left";
  return new DetailedError({
    code: "REQUEST_TOO_LARGE",
    category: "resource-exhausted",
    attempted: "sync",
    found,
  });
}

const on = (node: string, service: string) => aDefinition(service, "web").replace('"rift"', `"${node}"`);

interface Report {
  readonly services: readonly {
    readonly service: string;
    readonly node: string;
    readonly result: string;
    readonly notes: readonly string[];
    readonly error: { readonly code: string } | null;
  }[];
  readonly unmanaged: readonly { readonly node: string; readonly container: string }[];
}

describe("mcp sync", () => {
  test("sends each definition to its node and reports one line for each", async () => {
    const asked = { rift: [] as SyncRequest[], orion: [] as SyncRequest[] };
    await using workplace = await createWorkplace({ rift: aNode(asked.rift), orion: aNode(asked.orion) });
    await workplace.define("hello", on("rift", "hello"));
    await workplace.define("mail", on("orion", "mail"));
    const { code, stdout, stderr } = await workplace.mcp("sync");
    assert.equal(code, 0, stderr);
    assert.equal(
      stdout,
      `SERVICE  NODE   RESULT   WHY
hello    rift   changed  new; not running: web: mcp deploy hello
mail     orion  changed  new; not running: web: mcp deploy mail

containers that MCP does not manage:
NODE   CONTAINER  IMAGE               STATE    TAKE OVER WITH
rift   mc-proxy   localhost/proxy:v3  running  mcp adopt mc-proxy --node rift
orion  mc-proxy   localhost/proxy:v3  running  mcp adopt mc-proxy --node orion
`,
    );
    assert.deepEqual(
      [asked.rift, asked.orion].map((requests) =>
        requests.map(({ services, dryRun }) => [services.map(({ name }) => name), dryRun]),
      ),
      [[[["hello"], false]], [[["mail"], false]]],
    );
  });

  test("one bad file, one unknown node and one dead node do not keep the others from it", async () => {
    await using workplace = await createWorkplace({ rift: aNode(), orion: null });
    await workplace.define("hello", on("rift", "hello"));
    await workplace.define("typo", on("rift", "typo").replace("image", "imgae"));
    await workplace.define("lost", on("rfit", "lost"));
    await workplace.define("far", on("orion", "far"));
    await workplace.define("Odd name", on("rift", "odd"));
    await workplace.define(".hidden", "not TOML");
    const { code, stdout, stderr } = await workplace.mcp("sync");
    assert.equal(code, 5, stderr);
    assert.match(stdout, /^Odd name +- +failed +it is not a service name$/m);
    assert.match(stdout, /^hello +rift +changed/m);
    assert.match(stdout, /^lost +rfit +failed +.* does not list it$/m);
    assert.match(stdout, /^typo +- +failed +/m);
    assert.match(stderr, /typo\.toml:7:1: unknown key "imgae"/);
    assert.match(stderr, /^node orion: cannot /m);
    assert.doesNotMatch(stdout + stderr, /hidden/);
  });

  test("names what to rename where a container's name cannot be adopted", async () => {
    const seen = { image: "localhost/web:v1", observedState: "running" };
    const unmanaged = [
      { ...seen, name: "upbeat_galois", service: "upbeat_galois", component: "upbeat_galois" },
      { ...seen, name: "shop-Job_1", service: "shop", component: "Job_1" },
    ];
    await using workplace = await createWorkplace({ rift: { syncDesiredState: () => ({ unmanaged }) } });
    const { stdout } = await workplace.mcp("sync", "--dry-run");
    assert.match(stdout, /upbeat_galois .* podman rename upbeat_galois upbeat-galois$/m);
    assert.match(stdout, /shop-Job_1 .* podman rename shop-Job_1 shop-job-1$/m);
  });

  test("without definitions every node tells what it sees", async () => {
    const requests: SyncRequest[] = [];
    await using workplace = await createWorkplace({ rift: aNode(requests) });
    await rm(join(workplace.directory, "services"), { recursive: true });
    const { code, stdout, stderr } = await workplace.mcp("sync");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /mcp adopt mc-proxy$/m);
    assert.match(stderr, /no definitions: there is no directory/);
    assert.deepEqual(
      requests.map(({ services }) => services),
      [[]],
    );
  });

  test("named services are sent alone; one without a file is named with the nearest", async () => {
    const requests: SyncRequest[] = [];
    await using workplace = await createWorkplace({ rift: aNode(requests), orion: aNode() });
    await workplace.define("hello", on("rift", "hello"));
    await workplace.define("mail", on("orion", "mail"));
    const { code, stdout, stderr } = await workplace.mcp("sync", "hello", "maik", "--dry-run", "-o", "json");
    assert.equal(code, 5, stderr);
    const { services, unmanaged } = parsed<Report>(stdout);
    assert.deepEqual(
      services.map(({ service, result, error }) => [service, result, error?.code]),
      [
        ["hello", "changed", undefined],
        ["maik", "failed", "DEFINITION_NOT_FOUND"],
      ],
    );
    assert.deepEqual(
      unmanaged.map(({ node }) => node),
      ["rift"],
    );
    assert.equal(requests[0]?.dryRun, true);
    const elsewhere = await workplace.mcp("sync", "mail", "--node", "rift");
    assert.equal(elsewhere.code, 2, elsewhere.stdout);
    assert.match(elsewhere.stderr, /code: WRONG_NODE/);
  });

  test("a service that another node has as well is told of", async () => {
    await using workplace = await createWorkplace({ rift: aNode(), orion: aNode([], { listed: ["hello"] }) });
    await workplace.define("hello", on("rift", "hello"));
    const { stdout } = await workplace.mcp("sync", "hello", "-o", "json");
    assert.deepEqual(parsed<Report>(stdout).services[0]?.notes, [
      "not running: web: mcp deploy hello",
      "node orion has it as well: mcp undeploy hello --node orion",
    ]);
  });

  test("a thousand definitions go in pieces, and a piece that fails does not undo the others", async () => {
    const requests: SyncRequest[] = [];
    await using workplace = await createWorkplace({ rift: aNode(requests, { refused: "svc-0450" }) });
    const directory = join(workplace.directory, "services");
    await mkdir(directory, { recursive: true });
    const names = Array.from({ length: 1_000 }, (_, index) => `svc-${String(index).padStart(4, "0")}`);
    for (const name of names) await writeFile(join(directory, `${name}.toml`), on("rift", name));
    const { code, stdout, stderr } = await workplace.mcp("sync");
    assert.equal(code, 5, stderr);
    assert.equal(stdout.match(/^svc-\d{4} +rift +changed/gm)?.length, 900);
    assert.equal(stdout.match(/^svc-04\d{2} +rift +failed +there is no space left/gm)?.length, 100);
    assert.ok(requests.length >= 10 && requests.every(({ services }) => services.length <= 100));
    assert.match(stderr, /rift: 900 of 1000 definitions/);
  });
});
