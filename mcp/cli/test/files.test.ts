import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";

import { startOnTerminal } from "./terminal.ts";
import { parsed, type RunningTool, runTool, startTool, type ToolResult } from "./tool.ts";

const mebibyte = 1024 * 1024;
/** 2 GB take their time: MCP_TEST_LARGE_MIB=2048 has them tried. */
const largeMib = Number(process.env["MCP_TEST_LARGE_MIB"] ?? 300);

let node: TestNode;
let env: Record<string, string>;
/** The operator's machine, and a service's directory on the node. */
let here: string;
let srv: string;

before(async () => {
  node = await createTestNode();
  here = join(node.directory, "operator");
  srv = join(node.agent.servicesDir, "web");
  await mkdir(join(here, "services"), { recursive: true });
  const configFile = join(here, "mcp.toml");
  await writeFile(
    configFile,
    `[tls]\nca_cert = "${node.certificates.caFile}"\n\n[[nodes]]\nname = "${node.agent.node}"\naddress = "${node.agent.address}"\n`,
  );
  const component = `[[components]]\nname = "web"\nimage = "localhost/web:v1"\n`;
  await writeFile(join(here, "services/web.toml"), `name = "web"\nnode = "testnode"\n\n${component}`);
  env = { MCP_CONFIG: configFile, MCP_TOKEN: await node.identity.systemToken("deployer") };
});
after(() => node[Symbol.asyncDispose]());

const mcp = (...argv: string[]): Promise<ToolResult> => runTool(argv, { env });
const start = (...argv: string[]): RunningTool => startTool(argv, { env });

/** Runs a command that must succeed. */
async function done(...argv: string[]): Promise<ToolResult> {
  const result = await mcp(...argv);
  assert.equal(result.code, 0, `mcp ${argv.join(" ")}: ${result.stderr}`);
  return result;
}

async function local(name: string, text: string, mode = 0o644): Promise<string> {
  const file = join(here, name);
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
/** Names of unfinished files, there and here. */
async function unfinished(): Promise<string[]> {
  const names = [...(await readdir(node.agent.servicesDir, { recursive: true })), ...(await readdir(here))];
  return names.filter((name) => name.includes(".mcp-upload-") || name.endsWith(".tmp"));
}

/** Takes longer to transfer than it takes to look, also on a fast machine. It has no content on the disk. */
const endlessMib = 2_048;

async function endless(name: string): Promise<string> {
  const file = join(here, name);
  await writeFile(file, "");
  await truncate(file, endlessMib * mebibyte);
  return file;
}

/** A file of random content that takes a while to transfer. */
async function large(name: string, sizeMib = largeMib): Promise<string> {
  const file = join(here, name);
  await using handle = await open(file, "w");
  const block = Buffer.alloc(mebibyte);
  for (let index = 0; index < sizeMib; index += 1) {
    block.writeUInt32LE(index);
    await handle.appendFile(block);
  }
  return file;
}

describe("push and pull", () => {
  test("carry a file there and back, with its permissions", async () => {
    const file = await local("app.toml", "a = 1\n", 0o600);
    const pushed = await done("push", file, "web");
    assert.equal(pushed.stdout, "");
    assert.match(
      pushed.stderr,
      /^pushed app\.toml \(6 B, sha256 [0-9a-f]{16}…, mode 0600\) to testnode:\/.*\/srv\/web\/app\.toml\n$/,
    );
    assert.equal(await readFile(join(srv, "app.toml"), "utf8"), "a = 1\n");
    assert.equal(await modeOf(join(srv, "app.toml")), "600");
    await mkdir(join(here, "into"));
    await done("pull", "web", "app.toml", join(here, "into"));
    assert.equal(await readFile(join(here, "into/app.toml"), "utf8"), "a = 1\n");
    assert.equal(await modeOf(join(here, "into/app.toml")), "600");
  });

  test("keep the permissions of what they replace, unless others are asked for", async () => {
    const file = await local("kept.txt", "1\n", 0o644);
    await done("push", file, "web", "conf/", "--mode", "0640");
    await local("kept.txt", "2\n", 0o600);
    await done("push", file, "web", "conf/kept.txt");
    assert.equal(await modeOf(join(srv, "conf/kept.txt")), "640");
    assert.equal(await readFile(join(srv, "conf/kept.txt"), "utf8"), "2\n");
    const copy = await local("copy.txt", "old\n", 0o604);
    await done("pull", "web", "conf/kept.txt", copy);
    assert.equal(await modeOf(copy), "604");
    assert.equal(await readFile(copy, "utf8"), "2\n");
    assert.equal((await mcp("push", file, "web", "--mode", "4755")).code, 2);
  });

  test("say in JSON what they did", async () => {
    const file = await local("facts.txt", "facts\n");
    const { path, ...pushed } = parsed<Record<string, unknown>>(
      (await done("push", file, "web", "-o", "json")).stdout,
    );
    const expected = {
      node: "testnode",
      service: "web",
      size_bytes: 6,
      sha256: sha256("facts\n"),
      mode: "0644",
    };
    assert.deepEqual(pushed, { ...expected, replaced: false });
    assert.equal(path, join(srv, "facts.txt"));
    const { modified, ...pulled } = parsed<Record<string, unknown>>(
      (await done("pull", "web", "facts.txt", file, "-o", "json")).stdout,
    );
    assert.deepEqual(pulled, { ...expected, path, file, replaced: true });
    assert.match(String(modified), /^\d{4}-/);
  });

  test("use standard input and output", async () => {
    const argv = ["push", "-", "web", "secrets.env", "-q"];
    assert.deepEqual(await runTool(argv, { env, input: "KEY=1\n" }), {
      code: 0,
      signal: null,
      stdout: "",
      stderr: "",
    });
    assert.equal(await modeOf(join(srv, "secrets.env")), "600");
    assert.equal((await done("pull", "web", "secrets.env", "-", "-q")).stdout, "KEY=1\n");
    assert.equal((await runTool(["push", "-", "web"], { env, input: "x" })).code, 2);
    assert.equal((await mcp("pull", "web", "secrets.env", "-", "-o", "json")).code, 2);
  });

  test("show with --dry-run what they would do, and do not", async () => {
    const file = await local("dry.txt", "dry\n");
    const would = await done("push", file, "web", "new/dry.txt", "--dry-run");
    assert.match(
      would.stdout,
      /^would push dry\.txt \(4 B\) to testnode:\/.*\/web\/new\/dry\.txt, mode 0644, as a new file\n$/,
    );
    await assert.rejects(stat(join(srv, "new")));
    await done("push", file, "web", "new/dry.txt");
    assert.match(
      (await done("push", file, "web", "new/dry.txt", "--dry-run")).stdout,
      /replacing the file there/,
    );
    const target = join(here, "never.txt");
    assert.match(
      (await done("pull", "web", "new/dry.txt", target, "--dry-run")).stdout,
      /^would pull testnode:/,
    );
    await assert.rejects(stat(target));
    assert.equal((await mcp("push", file, "web", "new", "--dry-run")).code, 1);
  });

  test("refuse a service that nobody knows, unless it is meant", async () => {
    const file = await local("typo.txt", "typo\n");
    for (const more of [[], ["--node", "testnode"]]) {
      const { code, stderr } = await mcp("push", file, "wbe", ...more);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /code: SERVICE_UNKNOWN/);
      assert.match(stderr, /--create/);
    }
    await assert.rejects(stat(join(node.agent.servicesDir, "wbe")));
    await done("push", file, "wbe", "--create");
    assert.equal(await readFile(join(node.agent.servicesDir, "wbe/typo.txt"), "utf8"), "typo\n");
  });

  const wrong: [string, string[], number, string][] = [
    ["a path that leads out", ["push", "FILE", "web", "../x"], 2, "FILE_PATH_INVALID"],
    ["an absolute path", ["pull", "web", "/etc/passwd"], 2, "FILE_PATH_INVALID"],
    ["a path that is a directory", ["push", "FILE", "web", "conf"], 1, "FILE_PATH_REFUSED"],
    ["a link", ["pull", "web", "link"], 1, "FILE_PATH_REFUSED"],
    ["a file that is not there", ["pull", "web", "missing"], 1, "FILE_NOT_FOUND"],
    ["a local file that is not there", ["push", "MISSING", "web"], 1, "LOCAL_FILE_UNREADABLE"],
    ["a local directory", ["push", "HERE", "web"], 1, "LOCAL_FILE_UNREADABLE"],
    ["a local device as target", ["pull", "web", "conf/kept.txt", "/dev/null"], 1, "LOCAL_FILE_UNWRITABLE"],
    [
      "a local directory that is not there",
      ["pull", "web", "conf/kept.txt", "HERE/no/"],
      1,
      "LOCAL_FILE_UNWRITABLE",
    ],
  ];
  for (const [what, words, exitCode, errorCode] of wrong) {
    test(`explain ${what}`, async () => {
      const file = await local("any.txt", "any\n");
      await mkdir(join(srv, "conf"), { recursive: true });
      await writeFile(join(srv, "conf/kept.txt"), "kept\n");
      await symlink("conf/kept.txt", join(srv, "link")).catch(() => {});
      const argv = words.map((word) =>
        word.replace("FILE", file).replace("MISSING", join(here, "no-such-file")).replace("HERE", here),
      );
      const { code, stderr } = await mcp(...argv);
      assert.match(stderr, new RegExp(`code: ${errorCode}`));
      assert.equal(code, exitCode);
    });
  }

  test(`carry ${largeMib} MiB in little memory`, async (t) => {
    const file = await large("large.bin");
    const agentBefore = await peakRss(node.agent.program.child.pid ?? 0);
    for (const argv of [
      ["push", file, "web", "-o", "json"],
      ["pull", "web", "large.bin", join(here, "large.copy"), "-o", "json"],
    ]) {
      const tool = start(...argv);
      const peak = await highest(tool);
      const { code, stderr, stdout } = await tool.result;
      assert.equal(code, 0, stderr);
      assert.equal(parsed<{ size_bytes: number }>(stdout).size_bytes, largeMib * mebibyte);
      t.diagnostic(`mcp ${argv[0]}: ${Math.round(peak)} MiB`);
      assert.ok(peak < 260, `mcp ${argv[0]} took ${peak} MiB`);
    }
    const agentAfter = await peakRss(node.agent.program.child.pid ?? 0);
    t.diagnostic(`mcp-agent: ${Math.round(agentBefore)} MiB before, at most ${Math.round(agentAfter)} MiB`);
    assert.ok(agentAfter - agentBefore < 150, `the agent grew from ${agentBefore} to ${agentAfter} MiB`);
    assert.deepEqual(await sumOf(join(here, "large.copy")), await sumOf(file));
  });

  test("leave nothing but the old file when they are interrupted", async () => {
    await mkdir(srv, { recursive: true });
    await writeFile(join(srv, "large.bin"), "old\n");
    await writeFile(join(here, "large.copy"), "old\n");
    const file = await endless("large.bin");
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      const push = start("push", file, "web");
      await eventually(async () => assert.equal((await unfinished()).length, 1));
      push.child.kill(signal);
      assert.equal((await push.result).signal, signal);
      await eventually(async () => assert.deepEqual(await unfinished(), []));
      assert.equal(await readFile(join(srv, "large.bin"), "utf8"), "old\n");
    }
    await truncate(join(srv, "large.bin"), endlessMib * mebibyte);
    const pull = start("pull", "web", "large.bin", join(here, "large.copy"));
    await eventually(async () => assert.equal((await unfinished()).length, 1));
    pull.child.kill("SIGINT");
    assert.equal((await pull.result).signal, "SIGINT");
    assert.deepEqual(await unfinished(), []);
    assert.equal(await readFile(join(here, "large.copy"), "utf8"), "old\n");
  });

  test("show a bar on a terminal only", async () => {
    const file = await large("bar.bin", 400);
    const shown = startOnTerminal(["push", file, "web"], env);
    await shown.seen(" left");
    await shown.seen("pushed bar.bin");
    assert.equal(await shown.result, 0, shown.shown());
    assert.match(shown.shown(), /\d+% \[#* *\] .* of \d+ MiB {2}\d.*iB\/s/);
    assert.doesNotMatch((await done("push", file, "web")).stderr, /%/);
  });

  test("tell of an agent that dies in the middle, which removes what is left when it starts again", async () => {
    await writeFile(join(srv, "large.bin"), "old\n");
    const push = start("push", await endless("large.bin"), "web", "deep/er/large.bin");
    await eventually(async () => assert.equal((await unfinished()).length, 1));
    await node.agent.program.kill();
    const { code, stderr } = await push.result;
    assert.equal(code, 4, stderr);
    assert.match(stderr, /code: NODE_UNREACHABLE/);
    assert.equal((await unfinished()).length, 1);
    await node.agent.start();
    await eventually(async () => assert.deepEqual(await unfinished(), []));
  });
});

/** Highest memory of a run of the tool, in MiB. */
async function highest(tool: RunningTool): Promise<number> {
  let peak = 0;
  const over = tool.result.then(() => true);
  for (let ended = false; !ended;) {
    peak = Math.max(peak, await peakRss(tool.child.pid ?? 0).catch(() => 0));
    ended = await Promise.race([over, new Promise<false>((resolve) => setTimeout(resolve, 20, false))]);
  }
  return peak;
}

/** Highest memory of a process so far, in MiB. */
async function peakRss(pid: number): Promise<number> {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) / 1024;
}

async function sumOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await using handle = await open(path);
  for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
