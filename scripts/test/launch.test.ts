import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";

const launcher = path.resolve(import.meta.dirname, "../../bin");
const checkout = mkdtempSync(path.join(tmpdir(), "checkout-"));
after(() => {
  rmSync(checkout, { recursive: true });
});

const program = `
const { argv, execArgv, execPath, env } = process;
const cache = env.NODE_COMPILE_CACHE;
const arenas = env.MALLOC_ARENA_MAX;
console.log(JSON.stringify({ entry: argv[1], args: argv.slice(2), execArgv, execPath, cache, arenas }));
process.exit(7);
`;
const entries = {
  mcp: "mcp/cli/main.ts",
  "mcp-agent": "mcp/agent/main.ts",
  mcias: "mcias/main.ts",
  metacircular: "metacircular/main.ts",
};

cpSync(launcher, path.join(checkout, "bin"), { recursive: true, verbatimSymlinks: true });
for (const entry of Object.values(entries)) {
  mkdirSync(path.dirname(path.join(checkout, entry)), { recursive: true });
  writeFileSync(path.join(checkout, entry), program);
}

interface Started {
  readonly entry: string;
  readonly args: string[];
  readonly execArgv: string[];
  readonly execPath: string;
  readonly cache: string;
  /** Undefined where the C library decides. */
  readonly arenas?: string;
}

function run(file: string, options: { args?: string[]; cwd?: string; env?: Record<string, string> } = {}) {
  const { args = [], cwd = "/", env = {} } = options;
  return spawnSync(file, args, { cwd, env, encoding: "utf8" });
}

function started(file: string, options?: Parameters<typeof run>[1]): Started {
  const { stdout, stderr, status } = run(file, options);
  assert.equal(status, 7, stderr);
  return JSON.parse(stdout) as Started;
}

describe("a launcher in bin/", () => {
  const mcp = path.join(checkout, "bin/mcp");

  test("says what to do when the packages are not installed", () => {
    const { status, stdout, stderr } = run(mcp);
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.equal(
      stderr,
      "mcp: the packages it needs are not installed; run 'make up' or 'make test' in its checkout first\n",
    );
    mkdirSync(path.join(checkout, "node_modules/.bin"), { recursive: true });
    symlinkSync(process.execPath, path.join(checkout, "node_modules/.bin/node"));
  });

  for (const [name, entry] of Object.entries(entries)) {
    test(`starts ${entry} as ${name}, on the checkout's own Node, without any environment`, () => {
      const {
        entry: file,
        execPath,
        args,
      } = started(path.join(checkout, "bin", name), {
        args: ["--flag", "two words", ""],
      });
      assert.equal(file, path.join(checkout, entry));
      assert.equal(execPath, process.execPath);
      assert.deepEqual(args, ["--flag", "two words", ""]);
    });
  }

  test("works by a relative path, from its own folder, and through links under other names", () => {
    symlinkSync(mcp, path.join(checkout, "absolute"));
    symlinkSync("absolute", path.join(checkout, "relative"));
    symlinkSync(path.join(checkout, "bin"), path.join(checkout, "folder"));
    mkdirSync(path.join(checkout, "elsewhere"));
    symlinkSync("../bin/launch", path.join(checkout, "elsewhere/mcp"));
    for (const [cwd, file] of [
      [checkout, "bin/mcp"],
      [path.join(checkout, "bin"), "./mcp"],
      [checkout, "./relative"],
      ["/", path.join(checkout, "absolute")],
      ["/", path.join(checkout, "folder/mcp")],
      ["/", path.join(checkout, "elsewhere/mcp")],
    ] as const) {
      assert.equal(started(file, { cwd }).entry, path.join(checkout, entries.mcp), file);
    }
    assert.equal(
      started("sh", { args: ["mcp"], cwd: path.join(checkout, "bin"), env: { PATH: "/usr/bin:/bin" } }).entry,
      path.join(checkout, entries.mcp),
    );
  });

  test("keeps compiled code in the user's cache folder, and in the checkout without one", () => {
    const home = path.join(checkout, "home");
    assert.equal(
      started(mcp, { env: { HOME: home, XDG_CACHE_HOME: `${home}/xdg` } }).cache,
      `${home}/xdg/metacircular`,
    );
    assert.equal(started(mcp, { env: { HOME: home } }).cache, `${home}/.cache/metacircular`);
    assert.equal(started(mcp, { env: { HOME: home, NODE_COMPILE_CACHE: "/x" } }).cache, "/x");
    assert.equal(path.resolve(started(mcp).cache), path.join(checkout, ".cache/compiled"));
    assert.ok(existsSync(path.join(checkout, ".cache/compiled")));
  });

  const always = ["--no-maglev", "--no-concurrent-recompilation"];

  test("gives services little memory to be generous with, and commands all they want", () => {
    for (const name of ["mcp-agent", "mcias"]) {
      const { execArgv, arenas } = started(path.join(checkout, "bin", name));
      const sparing = ["--max-semi-space-size=1", "--optimize-for-size"];
      assert.deepEqual([execArgv, arenas], [[...always, ...sparing], "2"], name);
    }
    const agent = path.join(checkout, "bin/mcp-agent");
    assert.equal(started(agent, { env: { MALLOC_ARENA_MAX: "8" } }).arenas, "8");
    const { execArgv, arenas } = started(mcp);
    assert.deepEqual([execArgv, arenas], [[...always, "--min-semi-space-size=4"], undefined]);
  });

  test("under a name it does not know says which names there are", () => {
    const { status, stderr } = run(path.join(checkout, "bin/launch"));
    assert.equal(status, 2);
    assert.match(stderr, /start it by one of the links beside it, such as bin\/mcp/);
  });
});
