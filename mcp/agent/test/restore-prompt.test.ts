import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { checkout } from "@metacircular/testkit/program.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { takeSnapshot } from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { migrations, openRegistry } from "../registry/registry.ts";

for (const [name, key] of [
  ["Ctrl-C", "\u0003"],
  ["Ctrl-D", "\u0004"],
] as const) {
  test(`${name} instead of an answer leaves the registry, without a stack trace`, async () => {
    await using directory = await createTemporaryDirectory();
    const { path } = directory;
    const example = await readFile(join(checkout, "deploy/examples/mcp-agent.toml"), "utf8");
    const config = join(path, "mcp-agent.toml");
    await writeFile(config, example.replaceAll("/srv/mcp", path));
    const file = join(path, "mcp.db");
    openRegistry(file, systemClock)[Symbol.dispose]();
    const into = { directory: join(path, "backups"), prefix: "mcp", keep: 1, keepForMs: 1_000 };
    takeSnapshot({ file, into, migrations, nowMs: systemClock.now() });

    const command = `${join(checkout, "bin/mcp-agent")} restore --config ${config} --latest`;
    const terminal = spawn("script", ["-qefc", command, "/dev/null"], { timeout: 60_000 });
    let shown = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (!shown.includes("[y/N]") && (shown + text).includes("[y/N]")) terminal.stdin.write(key);
      shown += text;
    });
    const [code] = (await once(terminal, "close")) as [number | null];
    assert.equal(code, 1);
    assert.match(shown, /you did not agree; nothing was changed/u);
    assert.doesNotMatch(shown, /AbortError/u);
  });
}
