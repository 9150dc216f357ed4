import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { runProgram } from "@metacircular/mcdsl/commands/run-program.ts";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { createTestIdentity, type TestIdentity } from "@metacircular/testkit/identity.ts";
import { createTestNameServer, type TestNameServer } from "@metacircular/testkit/name-server.ts";
import { checkout, startProgram } from "@metacircular/testkit/program.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createProgram } from "../commands/program.ts";
import { administratorToken } from "./accounts.ts";

const run = promisify(execFile);

describe("the name server", () => {
  const stack = new AsyncDisposableStack();
  let directory: string;
  let identity: TestIdentity;
  let server: TestNameServer;
  let admin: string;
  let adminFile: string;
  let agentFile: string;

  before(async () => {
    directory = stack.use(await createTemporaryDirectory()).path;
    const certificates = await createTestCertificates(join(directory, "tls"));
    identity = stack.use(await createTestIdentity(join(directory, "mcias"), certificates));
    const ownToken = await identity.systemToken("mcns");
    server = stack.use(
      await createTestNameServer(join(directory, "mcns"), { certificates, identity, ownToken }),
    );
    admin = await administratorToken(identity);
    adminFile = join(directory, "admin-token");
    await writeFile(adminFile, admin, { mode: 0o600 });
    agentFile = join(directory, "agent-token");
    await writeFile(agentFile, await identity.systemToken("mcp-agent"), { mode: 0o600 });
  });
  after(() => stack.disposeAsync());

  /** Runs the command line, and keeps what it says. */
  async function mcns(
    args: readonly string[],
    tokenFile = adminFile,
    address = server.grpcAddress,
  ): Promise<{ stdout: string; stderr: string; code: number }> {
    const connection = ["--server", address, "--ca-file", server.caFile, "--token-file", tokenFile];
    const [out, said]: [string[], string[]] = [[], []];
    const input = {
      readLine: () => Promise.resolve(""),
      askSecret: () => Promise.resolve(""),
      confirm: () => Promise.resolve(false),
    };
    const terminal = {
      ...input,
      out: (line: string) => out.push(line),
      say: (line: string) => said.push(line),
    };
    const program = createProgram({ terminal, environment: {}, clock: systemClock });
    const code = await runProgram(program, [...args, ...connection], terminal);
    return { stdout: out.join("\n"), stderr: said.join("\n"), code };
  }

  async function dig(...args: string[]): Promise<string> {
    const { stdout } = await run("dig", ["@127.0.0.1", "-p", String(server.dnsPort), "+short", ...args]);
    return stdout.trim();
  }

  test("is set up from the command line, and answers what was set", async () => {
    const added = await mcns([
      "zone",
      "add",
      "svc.example.org",
      "--primary",
      "ns1",
      "--contact",
      "hm@example.org",
    ]);
    assert.match(added.stderr, /Added zone svc\.example\.org with serial number \d+/u);
    assert.equal((await mcns(["record", "add", "svc.example.org", "ns1", "A", "192.0.2.53"])).code, 0);
    const set = await mcns(
      ["record", "set", "svc.example.org", "hello", "A", "192.0.2.1", "192.0.2.2"],
      agentFile,
    );
    assert.match(set.stdout, /hello +default +A +192\.0\.2\.2 +mcp-agent/u);
    assert.equal(await dig("hello.svc.example.org", "A"), "192.0.2.1\n192.0.2.2");
    assert.match(
      await dig("svc.example.org", "SOA"),
      /^ns1\.svc\.example\.org\. hm\.example\.org\. \d+ 3600 600/u,
    );
    const again = await mcns(
      ["record", "set", "svc.example.org", "hello", "A", "192.0.2.2", "192.0.2.1"],
      agentFile,
    );
    assert.match(again.stderr, /Nothing had to be changed/u);
    const removed = await mcns(["record", "remove", "svc.example.org", "hello", "A", "192.0.2.1"]);
    assert.match(removed.stderr, /Removed/u);
    assert.equal(await dig("hello.svc.example.org", "A"), "192.0.2.2");
    const listed = JSON.parse(
      (await mcns(["record", "list", "svc.example.org", "hello", "-o", "json"])).stdout,
    ) as {
      records: { data: string; updated_by: string }[];
    };
    assert.deepEqual(
      listed.records.map(({ data, updated_by }) => [data, updated_by]),
      [["192.0.2.2", "mcp-agent"]],
    );
  });

  test("says what is wrong with what was typed, and what to do", async () => {
    const cases: readonly [args: string[], said: RegExp][] = [
      [
        ["record", "add", "svc.example.org", "x", "A", "300.1.1.1"],
        /is no IPv4 address; such as .* \[RECORD_DATA_INVALID\]/u,
      ],
      [
        ["record", "add", "svc.example.org", "x", "SPF", "a"],
        /use one of A, AAAA, .* \[RECORD_TYPE_UNKNOWN\]/u,
      ],
      [
        ["record", "add", "other.example.org", "x", "A", "192.0.2.1"],
        /no zone of this name; `mcns zone list`/u,
      ],
      [["record", "add", "svc.example.org", "@", "CNAME", "x"], /the zone itself cannot be an alias/u],
      [["zone", "add", "svc.example.org", "--primary", "ns1"], /\[ZONE_EXISTS\]/u],
      [["zone", "remove", "svc.example.org"], /add --yes \[CONFIRMATION_NEEDED\]/u],
      [["zone", "set", "svc.example.org", "--transfer-keys", "none.such"], /\[TSIG_KEY_NOT_FOUND\]/u],
    ];
    for (const [args, said] of cases) {
      const { stderr, code } = await mcns(args);
      assert.match(stderr, said, args.join(" "));
      assert.notEqual(code, 0);
    }
    const unreached = await mcns(["zone", "list"], adminFile, "localhost:1");
    assert.match(unreached.stderr, /the name server at localhost:1.*\[UNREACHABLE\]/u);
    const denied = await mcns(["zone", "remove", "svc.example.org", "--yes"], agentFile);
    assert.match(denied.stderr, /mcp-agent does not have the role admin.*\[PERMISSION_DENIED\]/u);
    await chmod(agentFile, 0o644);
    assert.match((await mcns(["zone", "list"], agentFile)).stderr, /\[TOKEN_FILE_EXPOSED\]/u);
    await chmod(agentFile, 0o600);
  });

  test("imports and exports zone files, with all errors of a file at once", async () => {
    const file = join(directory, "imported.zone");
    await writeFile(
      file,
      "$TTL 1h\n@ SOA ns1 hm 7 1h 10m 2w 1m\n@ NS ns1\nns1 A 192.0.2.53\nwww A 192.0.2.80\n",
    );
    assert.match(
      (await mcns(["zone", "import", "imported.example", file, "--dry-run"])).stderr,
      /3 added, 0 removed/u,
    );
    assert.match(
      (await mcns(["zone", "import", "imported.example", file])).stderr,
      /3 added, 0 removed, 0 unchanged/u,
    );
    assert.equal(await dig("www.imported.example"), "192.0.2.80");
    const exported = (await mcns(["zone", "export", "imported.example"])).stdout;
    const again = join(directory, "exported.zone");
    await writeFile(again, exported);
    await run("named-checkzone", ["imported.example", again]);
    assert.match(
      (await mcns(["zone", "import", "imported.example", again])).stderr,
      /0 added, 0 removed, 3 unch/u,
    );
    await writeFile(file, "@ NS ns1\nwww A 192.0.2\nwww2 IN\n$INCLUDE other\n");
    const wrong = await mcns(["zone", "import", "imported.example", file]);
    assert.match(
      wrong.stderr,
      /^line 2, column 7: .*no IPv4.*\nline 3, column 6: .*no type.*\nline 4, column 1: .*INCLUDE/mu,
    );
    assert.match(wrong.stderr, /3 problems; correct the file; nothing was changed \[ZONE_FILE_INVALID\]/u);
  });

  test("keeps the secrets of keys to itself after they were shown once", async () => {
    const made = await mcns(["key", "add", "secondary.example.org"]);
    const secret = made.stdout.trim();
    assert.equal(Buffer.from(secret, "base64").length, 32);
    const set = await mcns(["zone", "set", "svc.example.org", "--transfer-keys", "secondary.example.org"]);
    assert.equal(set.code, 0, set.stderr);
    const { stdout } = await run("dig", [
      ...["@127.0.0.1", "-p", String(server.dnsPort), "-y", `hmac-sha256:secondary.example.org:${secret}`],
      ...["svc.example.org", "AXFR"],
    ]);
    assert.match(stdout, /ns1\.svc\.example\.org\.\s+300\s+IN\s+A\s+192\.0\.2\.53/u);
    const listed = await mcns(["key", "list", "-o", "json"]);
    assert.match(listed.stdout, /svc\.example\.org/u);
    assert.ok(!listed.stdout.includes(secret));
    assert.ok(!server.program.log.join("\n").includes(secret));
    assert.match((await mcns(["key", "remove", "secondary.example.org"])).stderr, /\[TSIG_KEY_IN_USE\]/u);
    assert.equal((await mcns(["zone", "set", "svc.example.org", "--transfer-keys", ""])).code, 0);
    assert.equal((await mcns(["key", "remove", "secondary.example.org"])).code, 0);
    assert.equal((await stat(server.databaseFile)).mode & 0o777, 0o600);
  });

  test("writes down who changed what", async () => {
    const { code } = await mcns(["record", "set", "svc.example.org", "audited", "TXT", '"x"'], agentFile);
    assert.equal(code, 0);
    const isAboutIt = (text: string): boolean => {
      const { changed } = JSON.parse(text) as Record<string, unknown>;
      return Array.isArray(changed) && changed.includes("audited.svc.example.org TXT");
    };
    // It may still be on its way when the command has ended.
    const line = JSON.parse(await server.program.line(isAboutIt)) as Record<string, unknown>;
    assert.deepEqual([line["audit"], line["by"], line["zone"]], [true, "mcp-agent", "svc.example.org"]);
  });

  test("is the only one on its database", async () => {
    await using second = startProgram("mcns/main.ts", ["server", "--config", server.configFile], {
      PATH: process.env["PATH"],
    });
    await second.ended;
    assert.equal(second.child.exitCode, 1);
    assert.match(second.log.join("\n"), /NAME_SERVER_ALREADY_RUNS/u);
  });

  test("goes back to a snapshot with serial numbers that go on", async () => {
    const local = async (...args: string[]): Promise<string> => {
      const { stdout } = await run(process.execPath, [
        `${checkout}mcns/main.ts`,
        ...args,
        "-c",
        server.configFile,
      ]);
      return stdout.trim();
    };
    const snapshot = await local("snapshot");
    assert.equal((await mcns(["record", "set", "svc.example.org", "later", "A", "192.0.2.9"])).code, 0);
    const serial = Number((await dig("svc.example.org", "SOA")).split(" ")[2]);
    await assert.rejects(local("restore", snapshot), /NAME_SERVER_ALREADY_RUNS/u);
    await server.stop();
    await local("restore", snapshot);
    await server.start();
    assert.equal(await dig("later.svc.example.org"), "");
    assert.equal(await dig("hello.svc.example.org"), "192.0.2.2");
    assert.ok(Number((await dig("svc.example.org", "SOA")).split(" ")[2]) > serial);
  });

  test("does by REST what the guide shows", async () => {
    const guide = await readFile(join(checkout, "docs", "mcns.md"), "utf8");
    const [, script = ""] = /## API\n[^]*?```sh\n([^]*?)```/u.exec(guide) ?? [];
    const environment = { PATH: process.env["PATH"], MCNS: server.restUrl, CA: server.caFile, TOKEN: admin };
    const { stdout } = await run("bash", ["-euc", script], { env: environment });
    const answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(answers.length, script.split("\n").filter((line) => line.startsWith("mcns ")).length);
    assert.equal(answers[0]?.["primary"], "ns1.api.example.org");
    assert.equal(answers[2]?.["changed"], true);
    assert.equal(answers[3]?.["data"], "10 mail.api.example.org.");
    assert.match(String(answers[7]?.["zone_file"]), /^\$ORIGIN api\.example\.org\.\n/u);
    assert.deepEqual(answers[8], { records: 1 });
  });

  test("lists records page by page", async () => {
    await using client = server.client(admin);
    const zone = "pages.example";
    await client.zones.createZone({ zone: { name: zone, primary: "ns1" } });
    const names = Array.from({ length: 7 }, (_, index) => `h${index}`);
    for (const name of names)
      await client.records.createRecord({ zone, record: { name, type: "A", data: "192.0.2.1" } });
    const found: string[] = [];
    let pageToken = "";
    let pages = 0;
    do {
      const page = await client.records.listRecords({ zone, type: "A", limit: 3, pageToken });
      found.push(...page.records.map(({ name }) => name));
      pageToken = page.nextPageToken;
      pages += 1;
    } while (pageToken !== "");
    assert.deepEqual([found, pages], [names, 3]);
    await assert.rejects(client.records.listRecords({ zone, pageToken: "x" }), {
      code: "PAGE_TOKEN_INVALID",
    });
  });

  test("serves health and metrics", async () => {
    const { stdout } = await run("curl", ["-sS", "--cacert", server.caFile, `${server.restUrl}/healthz`]);
    assert.deepEqual(JSON.parse(stdout), { status: "ok", checks: { database: "ok" } });
    const metrics = await (await fetch(server.metricsUrl)).text();
    for (const family of ["mcns_zones", "mcns_records", "mcns_zone_changes_total", "mcns_responses_total"]) {
      assert.match(metrics, new RegExp(String.raw`^${family}(\{.*\})? [1-9]`, "mu"));
    }
    assert.match(metrics, /^mcns_rpc_duration_seconds_count\{method="ListRecords",code="OK"\} /mu);
    assert.match(metrics, /^mcns_rpc_duration_seconds_count\{method="ListRecords",code="HTTP_200"\} /mu);
  });
});
