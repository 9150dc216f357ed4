import assert from "node:assert/strict";
import { chmod, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { startOnTerminal } from "./terminal.ts";
import { parsed } from "./tool.ts";
import { agentWith, createWorkplace } from "./workplace.ts";

const written = `# hello, kept by hand
name = "hello"
node = "rift" # the core
active = true # written out

[build.images]
web = "Dockerfile" # only here

[[components]] # the front
name = "web"
image = "localhost/web:v1" # pinned
env = [
  "A=1", # first
  "B=2", # second
]
`;

const registered = written
  .replace("web:v1", "web:v2")
  .replace('"B=2"', '"B=3"')
  .replace(/\[build[^]*only here\n/, "");

const exported = written.replace("web:v1", "web:v2").replace('"B=2"', '"B=3"');

const fresh = `name = "hello"
node = "rift"

[[components]]
name = "web"
image = "localhost/web:v2"
env = ["A=1", "B=3"]
`;

describe("mcp service export", () => {
  test("writes a new file as service show prints it, and makes the directory", async () => {
    await using workplace = await createWorkplace(
      { rift: agentWith(registered) },
      '[services]\ndir = "deep/er"\n',
    );
    const result = await workplace.mcp("service", "export", "hello");
    const file = join(workplace.directory, "deep", "er", "hello.toml");
    assert.deepEqual([result.code, result.stdout], [0, ""]);
    assert.equal(result.stderr, `created ${file} from what rift has\n`);
    assert.equal(await readFile(file, "utf8"), fresh);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await workplace.mcp("service", "show", "hello")).stdout, fresh);
    assert.equal((await workplace.mcp("service", "export", "hello", "-f", "-")).stdout, fresh);
  });

  test("leaves a file that says the same untouched, byte for byte", async () => {
    await using workplace = await createWorkplace({ rift: agentWith(written) });
    const file = await workplace.define("hello", written.replaceAll("\n", "\r\n"));
    const before = await stat(file, { bigint: true });
    const result = await workplace.mcp("service", "export", "hello");
    assert.deepEqual([result.code, result.stderr], [0, `${file} says what rift has; nothing to change\n`]);
    assert.equal((await stat(file, { bigint: true })).mtimeNs, before.mtimeNs);
  });

  for (const newline of ["\n", "\r\n"]) {
    test(`changes only what differs, with ${JSON.stringify(newline)}, permissions and link kept`, async () => {
      await using workplace = await createWorkplace({ rift: agentWith(registered) });
      const file = await workplace.define("hello", written.replaceAll("\n", newline));
      const real = join(workplace.directory, "real.toml");
      await chmod(file, 0o640);
      await rename(file, real);
      await symlink(real, file);
      const result = await workplace.mcp("service", "export", "hello", "--yes");
      assert.equal(result.code, 0, result.stderr);
      assert.equal(await readFile(real, "utf8"), exported.replaceAll("\n", newline));
      assert.equal((await stat(real)).mode & 0o777, 0o640);
      assert.deepEqual(
        result.stderr.split("\n").filter((line) => /^[-+]/.test(line)),
        [
          '-image = "localhost/web:v1" # pinned',
          '+image = "localhost/web:v2" # pinned',
          '-  "B=2", # second',
          '+  "B=3", # second',
        ],
      );
    });
  }

  test("--dry-run shows the same and writes nothing", async () => {
    await using workplace = await createWorkplace({ rift: agentWith(registered) });
    const file = await workplace.define("hello", written);
    const { code, stdout, stderr } = await workplace.mcp("service", "export", "hello", "--dry-run");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.ok(stdout.startsWith(`--- ${file}\n+++ rift\n@@ -9 +9 @@\n`), stdout);
    const json = await workplace.mcp("service", "export", "hello", "--dry-run", "-o", "json");
    const { result, diff } = parsed<{ result: string; diff: string[] }>(json.stdout);
    assert.deepEqual([result, diff.length], ["changed", 10]);
    assert.equal(await workplace.definition("hello"), written);
  });

  test("does not overwrite without --yes where nobody can be asked", async () => {
    await using workplace = await createWorkplace({ rift: agentWith(registered) });
    await workplace.define("hello", written);
    const result = await workplace.mcp("service", "export", "hello");
    assert.equal(result.code, 2);
    assert.match(result.stderr, /code: CONFIRMATION_NEEDED/);
    assert.equal(await workplace.definition("hello"), written);
  });

  test("asks on a terminal", async () => {
    await using workplace = await createWorkplace({ rift: agentWith(registered) });
    const file = await workplace.define("hello", written);
    const env = { MCP_CONFIG: workplace.configFile, MCP_TOKEN: "token-of-alice" };
    for (const [answer, code, text] of [
      ["n", 1, written],
      ["y", 0, exported],
    ] as const) {
      const terminal = startOnTerminal(["service", "export", "hello"], env);
      await terminal.seen(`Change ${file}?`);
      terminal.type(`${answer}\n`);
      assert.equal(await terminal.result, code, terminal.shown());
      assert.equal(await workplace.definition("hello"), text);
    }
  });

  test("refuses a file with mistakes and says where; another file can be written", async () => {
    await using workplace = await createWorkplace({ rift: agentWith(registered) });
    const broken = `${written}user = \n`;
    const file = await workplace.define("hello", broken);
    const result = await workplace.mcp("--node", "rift", "service", "export", "hello", "-y");
    assert.equal(result.code, 2);
    assert.ok(result.stderr.includes(`${file}:16:8: `), result.stderr);
    assert.equal(await workplace.definition("hello"), broken);
    const other = join(workplace.directory, "other.toml");
    assert.equal((await workplace.mcp("--node", "rift", "service", "export", "hello", "-f", other)).code, 0);
    assert.equal(await readFile(other, "utf8"), fresh);
  });

  test("refuses a file that defines another service", async () => {
    await using workplace = await createWorkplace({ rift: agentWith(registered) });
    const other = join(workplace.directory, "other.toml");
    await writeFile(other, written.replace('"hello"', '"other"'));
    const result = await workplace.mcp("service", "export", "hello", "-y", "-f", other);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /service is called "other" here, but "hello" was asked for/);
  });
});
