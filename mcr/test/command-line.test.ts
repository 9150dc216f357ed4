import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { checkout } from "@metacircular/testkit/program.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import { startOnTerminal } from "@metacircular/testkit/terminal.ts";
import { imageDigest, pullManifest, pushImage } from "./push-image.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe("the command line of the registry", () => {
  let registry: TestRegistry;
  let environment: Record<string, string>;

  before(async () => {
    registry = await startTestRegistry();
    const tokenFile = join(registry.directory, "operator-token");
    // As `mcp login` keeps it.
    await writeFile(tokenFile, JSON.stringify({ access_token: registry.admin.token }), { mode: 0o600 });
    environment = {
      PATH: process.env["PATH"] ?? "",
      NODE_COMPILE_CACHE: `${checkout}.cache/compiled`,
      MCR_ADDRESS: registry.grpcAddress,
      MCR_CA_FILE: registry.caFile,
      MCR_TOKEN_FILE: tokenFile,
      MCR_CONFIG: registry.configFile,
    };
  });
  after(() => registry[Symbol.asyncDispose]());

  function mcr(args: readonly string[], others: Record<string, string> = {}): Promise<Outcome> {
    const argv = [join(checkout, "mcr/main.ts"), ...args];
    const env = { ...environment, ...others };
    return new Promise((resolve) => {
      const child = execFile(process.execPath, argv, { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
      child.stdin?.end();
    });
  }

  async function done(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await mcr(args);
    assert.equal(code, 0, `mcr ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  test("shows repositories, tags and images, as tables and as JSON", async () => {
    const digest = await pushImage(registry, "team/app", "one");
    await pushImage(registry, "team/app", "1.2.3");
    assert.match(await done(["repository", "list"]), /^REPOSITORY .*\nteam\/app +2 +2 +\d+ B +- +\d{4}-/u);
    const { repositories } = JSON.parse(await done(["repository", "list", "-o", "json"])) as {
      repositories: { name: string; tags: number }[];
    };
    assert.deepEqual(
      repositories.map(({ name, tags }) => [name, tags]),
      [["team/app", 2]],
    );
    const tags = await done(["tag", "list", "team/app"]);
    assert.match(tags, new RegExp(`one +${digest} +\\S+ +${registry.admin.name} +no`, "u"));
    // The rule that a new registry begins with.
    assert.match(tags, /1\.2\.3 .* yes/u);
    assert.match(await done(["image", "show", "team/app", "one"]), /Digest +sha256:.*\n[^]*layer +sha256:/u);
    for (const named of [["team/app:one"], ["team/app", digest], [`team/app@${digest}`]]) {
      assert.match(await done(["image", "show", ...named]), new RegExp(`^Digest +${digest}`, "u"));
    }
    const incomplete = await mcr(["image", "show", "team/app"]);
    assert.deepEqual([incomplete.code, incomplete.stdout], [2, ""]);
    assert.match(incomplete.stderr, /the tag or digest is missing, as in team\/app:v1\.2\.3/u);
    for (const args of [
      ["repository", "show"],
      ["tag", "list"],
      ["image", "show"],
      ["policy", "test"],
    ]) {
      const { code, stderr } = await mcr([...args, "127.0.0.1:8483/team/app:one"]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /Give the name of a repository as the registry lists it/u);
    }
    assert.match(await done(["status"]), /1 repositories with 2 tags and 2 manifests/u);
    const missing = await mcr(["repository", "show", "team/none"]);
    assert.deepEqual([missing.code, missing.stdout], [1, ""]);
    assert.match(missing.stderr, /\[REPOSITORY_UNKNOWN\]/u);
  });

  test("sets, tests, lists and removes rules", async () => {
    await done([
      "policy",
      "set",
      "ci",
      "--effect",
      "allow",
      "--account",
      "ci",
      "--repository",
      "team/**",
      "--action",
      "push",
    ]);
    assert.match(await done(["policy", "list"]), /100 +ci +allow +account ci +team\/\*\* +push/u);
    await done(["immutable", "set", "releases", "--repository", "team/*", "--tag", "r-*"]);
    await done(["quota", "set", "small", "20G", "--repository", "team/*"]);
    const tested = await done(["policy", "test", "team/app", "--account", "ci", "--tag", "r-1"]);
    assert.match(tested, /pull +denied +no rule allows it/u);
    assert.match(tested, /push +allowed +the rule ci allows it/u);
    assert.match(tested, /Tag r-1: immutable by the rule releases\nQuota: 20\.0 GiB/u);
    await done([
      "retention",
      "set",
      "nightly",
      "team/*",
      "--tag",
      "n-*",
      "--keep-newest",
      "3",
      "--untagged-after",
      "7d",
    ]);
    assert.match(await done(["retention", "list"]), /nightly +team\/\* +of n-\*: keep 3 newest +7d +stay/u);
    const lists = { policy: "ci", immutable: "releases", quota: "small", retention: "nightly" };
    for (const [kind, id] of Object.entries(lists)) {
      await done([kind, "remove", id]);
      const again = await mcr([kind, "remove", id]);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /\[RULE_NOT_FOUND\]/u);
    }
    const wrong = await mcr(["quota", "set", "x", "much"]);
    assert.equal(wrong.code, 2);
    const invalid = await mcr(["policy", "set", "x", "--effect", "allow", "--action", "eat"]);
    assert.deepEqual([invalid.code, /\[RULE_INVALID\]/u.test(invalid.stderr)], [2, true]);
  });

  test("asks on a terminal before it deletes, and refuses where there is none to ask on", async () => {
    await pushImage(registry, "team/old", "two");
    const blind = await mcr(["tag", "delete", "team/old", "two"]);
    assert.equal(blind.code, 2);
    assert.match(blind.stderr, /\[CONFIRMATION_NEEDED\]/u);
    const question = "Delete the tag two of team/old? [y/N]";
    const refused = startOnTerminal("mcr/main.ts", ["tag", "delete", "team/old", "two"], environment);
    await refused.seen(question);
    refused.type("\r");
    assert.equal(await refused.result, 0);
    assert.match(refused.shown(), /Nothing was done/u);
    await pullManifest(registry, "team/old", "two");
    const agreed = startOnTerminal("mcr/main.ts", ["tag", "delete", "team/old", "two"], environment);
    await agreed.seen(question);
    agreed.type("y\r");
    assert.equal(await agreed.result, 0);
    assert.match(agreed.shown(), new RegExp(imageDigest("two"), "u"));
    await assert.rejects(pullManifest(registry, "team/old", "two"), /404/u);
    await done(["repository", "delete", "team/old", "--yes"]);
    assert.equal((await mcr(["repository", "show", "team/old"])).code, 1);
  });

  test("collects garbage and waits for the end", async () => {
    const dry = JSON.parse(await done(["gc", "run", "--dry-run", "-o", "json"])) as Record<string, unknown>;
    assert.deepEqual([dry["state"], dry["dry_run"]], ["succeeded", true]);
    assert.match(
      (await mcr(["gc", "run"])).stderr,
      /Nothing is to go\. What was pushed .* within the lease/u,
    );
    assert.match(await done(["gc", "list"]), /succeeded \(dry run\)/u);
    await done(["gc", "items", String(dry["id"])]);
    const unknown = await mcr(["gc", "items", "12345"]);
    assert.match(unknown.stderr, /\[COLLECTION_UNKNOWN\]/u);
  });

  test("lists what was done, by filter", async () => {
    const text = await eventually(async () => {
      const shown = await done([
        "audit",
        "--repository",
        "team/old",
        "--action",
        "delete-tag",
        "--since",
        "1h",
      ]);
      assert.equal(shown.trimEnd().split("\n").length, 2, shown);
      return shown;
    });
    assert.match(text, /delete-tag +ok +\S+ +\S+ +team\/old +two/u);
    assert.match((await mcr(["audit", "--since", "soon"])).stderr, /Give a time/u);
  });

  test("says what is wrong with the token and the connection", async () => {
    const exposed = join(registry.directory, "exposed-token");
    await writeFile(exposed, registry.admin.token);
    await chmod(exposed, 0o644);
    assert.match((await mcr(["status", "--token-file", exposed])).stderr, /\[TOKEN_FILE_EXPOSED\]/u);
    const forgotten = await mcr(["status"], { MCR_TOKEN_FILE: "", HOME: registry.directory });
    assert.match(forgotten.stderr, /after `make up`, run eval .*\[TOKEN_FILE_UNREADABLE\]/u);
    const given = await mcr(["status"], { MCR_TOKEN_FILE: "", MCR_TOKEN: registry.admin.token });
    assert.deepEqual([given.code, given.stderr], [0, ""]);
    assert.match((await mcr(["status", "--server", "localhost:1"])).stderr, /\[UNREACHABLE\]/u);
  });

  test("restores a snapshot, and keeps the database as it was", async () => {
    const snapshot = (await done(["snapshot"])).trim();
    await pushImage(registry, "team/later", "three");
    const running = await mcr(["restore", snapshot, "--yes"]);
    assert.match(running.stderr, /\[REGISTRY_ALREADY_RUNS\]/u);
    await registry.stop();
    const restore = startOnTerminal("mcr/main.ts", ["restore", snapshot], environment);
    await restore.seen("[y/N]");
    restore.type("yes\r");
    assert.equal(await restore.result, 0, restore.shown());
    assert.match(restore.shown(), /The database as it was: /u);
    await registry.start();
    await pullManifest(registry, "team/app", "one");
    await assert.rejects(pullManifest(registry, "team/later", "three"), /404/u);
    // Blobs that the snapshot does not know do no harm: the image can be pushed again.
    await pushImage(registry, "team/later", "three");
    await pullManifest(registry, "team/later", "three");
  });
});
