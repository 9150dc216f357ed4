import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { run } from "../commands/run.ts";
import { runControl } from "../ctl/run.ts";
import { startControlPlane } from "./control-plane.ts";
import { FakeEngine } from "./fake-engine.ts";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

async function collect(
  work: (terminal: { out: (line: string) => void; say: (line: string) => void }) => Promise<number>,
): Promise<Outcome> {
  const [out, said]: string[][] = [[], []];
  const code = await work({ out: (line) => void out?.push(line), say: (line) => void said?.push(line) });
  return { code, out: (out ?? []).join("\n"), said: (said ?? []).join("\n") };
}

/** What a user of mcproxyctl sees, with what differs each time replaced. */
function seen(argv: readonly string[], { code, out, said }: Outcome): string {
  const text = [
    `$ mcproxyctl ${argv.join(" ")}`,
    ...(out === "" ? [] : [out]),
    ...(said === "" ? [] : [said]),
  ];
  if (code !== 0) text.push(`exit code ${code}`);
  return `${text.join("\n")}\n`
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, "<time>")
    .replaceAll(/[\da-f]{8}-[\da-f-]{27}/gu, "<id>")
    .replaceAll(/\/tmp\/mcp-test-\w+/gu, "<directory>");
}

describe("mcproxyctl", () => {
  test("shows and does all that the admin API can, as the golden file has it", async () => {
    await using proxy = await startControlPlane({ engine: new FakeEngine() });
    const environment = { MC_PROXY_ADMIN_SOCKET: proxy.config.admin.socket };
    const lines: readonly string[] = [
      "route list",
      "route add hello.example.org 127.0.0.1:8080 --owner hello/web",
      "route add grpc.example.org:8443 127.0.0.1:9000 --backend-protocol h2c --max-body 1048576 --rate-limit 50",
      "route add vault.example.org 10.0.0.5:8443 --mode l4 --proxy-protocol",
      "route add hello.example.org 127.0.0.1:8081",
      "route add hello.example.org 127.0.0.1:8082 -o json",
      "maintenance on hello.example.org",
      "route list",
      "route list -o json",
      "maintenance off hello.example.org",
      "maintenance on nobody.example.org",
      "status",
      "status --check",
      "route remove hello.example.org",
      "route remove hello.example.org",
      "route remove grpc.example.org:8443 -o json",
      "status --check",
      "certificates reload",
      "certificates reload -o json",
      "drain 127.0.0.1:8080 --timeout 1s",
      "drain 127.0.0.1:8080 -o json",
      "drain somewhere",
      "firewall add deny 203.0.113.7/24 --comment scans",
      "firewall add allow 203.0.113.7 --id friend --port 443 -o json",
      "firewall add deny KP",
      "firewall list",
      "firewall list -o json",
      "firewall remove friend",
      "firewall remove friend",
      "route add hello.example.org:99999 127.0.0.1:8080",
      "route add -bad-.example.org nowhere",
      "route add a.example.org:1 127.0.0.1:1",
      "status --output yaml",
      "frobnicate",
      "status --socket /nonexistent/admin.sock",
    ];
    let text = "";
    for (const line of lines) {
      const argv = line.split(" ");
      text += `${seen(argv, await collect((terminal) => runControl(argv, { ...terminal, environment })))}\n`;
    }
    const golden = new URL("mcproxyctl.golden", import.meta.url);
    if (process.env["UPDATE_GOLDEN"] !== undefined) writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, "utf8"));
  });

  const commands = [
    "",
    "status",
    "route",
    "route add",
    "route remove",
    "route list",
    "certificates reload",
    "drain",
    "maintenance on",
    "maintenance off",
    "firewall add",
    "firewall remove",
    "firewall list",
    "version",
  ];
  for (const command of commands) {
    test(`explains "${command}" with an example`, async () => {
      const argv = [...command.split(" ").filter((each) => each !== ""), "--help"];
      const { code, out } = await collect((terminal) => runControl(argv, { ...terminal, environment: {} }));
      assert.equal(code, 0);
      assert.match(out, command === "route" ? /Commands:/u : /\$ mcproxyctl /u);
    });
  }
});

describe("mc-proxy", () => {
  test("copies its database while it runs, and prints where", async () => {
    await using proxy = await startControlPlane();
    const config = join(proxy.root, "mc-proxy.toml");
    await writeFile(config, `[database]\npath = "${proxy.config.database.path}"\n`);
    const context = { environment: {}, clock: systemClock };
    const snapshot = (...more: string[]) =>
      collect((terminal) => run(["snapshot", "--config", config, ...more], { ...terminal, ...context }));
    const first = await snapshot();
    assert.equal(first.code, 0, first.said);
    const [name = ""] = await readdir(join(proxy.root, "backups"));
    assert.equal(first.out, join(proxy.root, "backups", name));
    const copy = join(proxy.root, "copy.db");
    assert.equal((await snapshot(copy)).out, copy);
  });

  const wrong: readonly [string, string[], RegExp, number][] = [
    [
      "a configuration that is not there",
      ["server", "--config", "/nonexistent.toml"],
      /CONFIG_NOT_FOUND/u,
      2,
    ],
    ["an unknown command", ["serve"], /unknown command/u, 2],
  ];
  for (const [what, argv, expected, exitCode] of wrong) {
    test(`refuses ${what}`, async () => {
      const outcome = await collect((terminal) =>
        run(argv, { ...terminal, environment: {}, clock: systemClock }),
      );
      assert.equal(outcome.code, exitCode);
      assert.match(outcome.said, expected);
    });
  }

  test("tells its version, and explains itself", async () => {
    for (const [argv, expected] of [
      [["version"], /^mc-proxy \d+\.\d+\.\d+$/u],
      [["server", "--help"], /\$ mc-proxy server/u],
      [["snapshot", "--help"], /\$ mc-proxy snapshot/u],
    ] as const) {
      const outcome = await collect((terminal) =>
        run(argv, { ...terminal, environment: {}, clock: systemClock }),
      );
      assert.equal(outcome.code, 0);
      assert.match(outcome.out, expected);
    }
  });
});
