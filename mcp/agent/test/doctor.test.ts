import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { makeCertificates } from "@metacircular/mcdsl/test/certificates.ts";
import { type Finding, FindingSeverity } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { processesOf } from "@metacircular/testkit/podman-teardown.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { aWeb, createOperator } from "@metacircular/testkit/operator.ts";
import { checks } from "../doctor/checks.ts";
import { labels } from "../runtime/runtime.ts";

const run = promisify(execFile);
const { OK, WARNING, PROBLEM } = FindingSeverity;

let node: TestNode;

before(async () => {
  node = await createTestNode({ monitor: 'interval = "1h"\nalert_command = ["no-such-program"]' });
});

after(() => node[Symbol.asyncDispose]());

/** What the agent finds, of one check or of all. */
async function findings(check?: string): Promise<Finding[]> {
  const found = await node.agent.client.diagnose({});
  return found.findings.filter((each) => check === undefined || each.check === check);
}

/** The finding of a check about a subject. */
async function finding(check: string, subject: string | RegExp): Promise<Finding> {
  const matches = (text: string): boolean =>
    typeof subject === "string" ? text === subject : subject.test(text);
  const all = await findings(check);
  const found = all.find((each) => matches(each.subject));
  assert.ok(
    found !== undefined,
    `${check} says nothing of ${subject}: ${all.map((each) => each.subject).join(", ")}`,
  );
  return found;
}

/** Does what the remedy says, in the node's podman. */
async function follow({ remedy }: Finding, choice = 0): Promise<void> {
  const command = remedy.split(", or: ")[choice] ?? "";
  const [program = "", ...args] = command.split(" ");
  await run(program, args, { env: { ...node.podman.environment } });
}

/** A container with labels of ours that MCP has not made. */
async function createByHand(name: string, own: Record<string, string>): Promise<void> {
  const options = Object.entries(own).flatMap(([label, value]) => ["--label", `${label}=${value}`]);
  await node.podman.cli("create", "--name", name, ...options, "localhost/web:v1");
}

describe("diagnose", () => {
  test("an identity service that is down is a problem, until it is up", async () => {
    // Lets the caller in for some time, while the agent's own token is not yet known to be good.
    await node.agent.client.nodeStatus({});
    await node.identity.stop();
    const down = await finding("identity", node.identity.issuer);
    assert.deepEqual([down.severity, down.found], [PROBLEM, "the connection was refused"]);
    await node.identity.start();
    assert.equal((await finding("identity", node.identity.issuer)).severity, OK);
  });

  test("every check is made, and a healthy node has but the problem it was given", async () => {
    const all = await findings();
    const made = new Set(all.map(({ check }) => check));
    assert.deepEqual(
      [...made],
      checks.map(({ name }) => name),
    );
    const problems = all.filter(({ severity }) => severity === PROBLEM);
    assert.deepEqual(
      problems.map(({ check, subject }) => [check, subject]),
      [["alert-command", "no-such-program"]],
    );
    for (const { severity, remedy, check } of all) assert.equal(remedy === "", severity === OK, check);
  });

  test("a key that others may read is found, and the remedy mends it", async () => {
    const { keyFile } = node.certificates;
    await chmod(keyFile, 0o644);
    const exposed = await finding("permissions", keyFile);
    assert.deepEqual(
      [exposed.severity, exposed.found, exposed.remedy],
      [PROBLEM, "others may read or change it (mode 0644)", `chmod 600 ${keyFile}`],
    );
    await follow(exposed);
    assert.equal((await finding("permissions", keyFile)).severity, OK);
  });

  test("services that others may write to are found, and the remedy mends it", async () => {
    const { servicesDir } = node.agent;
    await chmod(servicesDir, 0o777);
    const open = await finding("permissions", servicesDir);
    assert.deepEqual([open.severity, open.remedy], [PROBLEM, `chmod go-w ${servicesDir}`]);
    await follow(open);
    assert.equal((await finding("permissions", servicesDir)).severity, OK);
  });

  test("an expired certificate and a key that is not its own are found", async () => {
    const { certFile, keyFile } = node.certificates;
    await Promise.all([certFile, keyFile].map((file) => copyFile(file, `${file}.good`)));
    using expired = makeCertificates({ days: "-1" });
    await copyFile(expired.certFile, certFile);
    assert.match((await finding("certificate", certFile)).found, /^the certificate expired at 2/);
    assert.match((await finding("certificate", keyFile)).found, /^it is not the key of /);
    await copyFile(expired.keyFile, keyFile);
    assert.equal((await finding("certificate", keyFile)).severity, OK);
    await writeFile(keyFile, "no key");
    assert.match((await finding("certificate", keyFile)).found, /^it cannot be used: /);
    await Promise.all([certFile, keyFile].map((file) => copyFile(`${file}.good`, file)));
    assert.deepEqual(
      (await findings("certificate")).map(({ severity }) => severity),
      [OK, OK],
    );
  });

  test("a token that is missing or no good is found", async () => {
    const file = join(node.directory, "mcias.token");
    const token = await readFile(file, "utf8");
    await rm(file);
    assert.match((await finding("identity", file)).found, /cannot be read \(ENOENT\)/);
    await writeFile(file, "garbage", { mode: 0o600 });
    const bad = await finding("identity", file);
    assert.deepEqual([bad.severity, bad.found], [PROBLEM, "the agent's own token: it is not a token"]);
    await writeFile(file, token);
    assert.equal((await finding("identity", node.identity.issuer)).severity, OK);
  });

  test("containers with our labels that nothing accounts for are found, and the remedy removes them", async () => {
    const operator = createOperator(node);
    await operator.deploy("shop", [aWeb("v1")]);
    const own = { [labels.service]: "shop", [labels.component]: "web", [labels.node]: node.agent.node };
    await createByHand("shop-web.next", own);
    await createByHand("shop-web.copy", own);
    await createByHand("gone-web", { ...own, [labels.service]: "gone" });
    await createByHand("moved", { ...own, [labels.node]: "rift" });
    const left = await findings("leftover-containers");
    const found = left.map(({ subject, found: what }) => `${subject}: ${what}`);
    assert.deepEqual(found.toSorted(), [
      "gone-web (created): it has labels of gone/web, which this node does not know",
      "moved (created): it was created for node rift, but this is testnode",
      "shop-web.copy (created): it has labels of shop/web, but another name",
      "shop-web.next (created): an update of shop/web left it behind",
    ]);
    for (const each of left) {
      assert.equal(each.severity, WARNING);
      await follow(
        { ...each, remedy: each.remedy.replace(/^.*remove it: /, "") },
        each.remedy.includes(", or: ") ? 1 : 0,
      );
    }
    assert.deepEqual(
      (await findings("leftover-containers")).map(({ found: what }) => what),
      ["none is left over; 1 are MCP's"],
    );
    assert.deepEqual(await operator.containers("shop"), ["shop-web running"]);
  });

  test("what an interrupted write left behind is found once it is old", async () => {
    const file = join(node.agent.servicesDir, "shop", ".config.toml.0123456789ab.tmp");
    await writeFile(file, "");
    assert.equal((await finding("temporary-files", "temporary files")).severity, OK);
    await utimes(file, new Date(), new Date(Date.now() - 2 * 3_600_000));
    const left = await finding("temporary-files", file);
    assert.deepEqual([left.severity, left.remedy], [WARNING, `rm ${file}`]);
    await follow(left);
    assert.equal((await finding("temporary-files", "temporary files")).severity, OK);
  });

  test("without a snapshot it asks for one, and the remedy makes it", async () => {
    const missing = await finding("snapshots", /backups$/);
    assert.equal(missing.found, "there is no snapshot of the registry");
    const [command = ""] = missing.remedy.split("; ");
    const [, ...args] = command.split(" ");
    await run("bin/mcp-agent", args, { env: { PATH: process.env["PATH"] } });
    assert.equal((await finding("snapshots", /backups$/)).severity, OK);
  });

  test("a full disk is found", async () => {
    const { servicesDir } = node.agent;
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", servicesDir]);
    try {
      const full = await finding("disk", `${servicesDir} (services)`);
      assert.deepEqual(
        [full.severity, full.found],
        [PROBLEM, "1 MiB of 1 MiB are free; deploys need 256 MiB"],
      );
    } finally {
      await run("umount", [servicesDir]);
    }
    assert.equal((await finding("disk", /services/)).severity, OK);
  });

  test("it does not need the runtime for what has nothing to do with it", async () => {
    const services = (await processesOf(node.podman)).filter(({ name }) => name === "podman");
    for (const { pid } of services) process.kill(pid, "SIGSTOP");
    try {
      const all = await findings();
      const unmade = all.filter(({ severity }) => severity === FindingSeverity.UNKNOWN);
      assert.ok(
        unmade.some(({ check }) => check === "leftover-containers"),
        "a frozen runtime answered",
      );
      assert.equal(all.find(({ check }) => check === "registry")?.severity, OK);
    } finally {
      for (const { pid } of services) process.kill(pid, "SIGCONT");
    }
  });
});
