import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";

const root = path.resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(path.join(tmpdir(), "checks-"));
after(() => {
  rmSync(folder, { recursive: true });
});

function write(file: string, text: string): string {
  const full = path.join(folder, file);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
write("package.json", JSON.stringify({ type: "module" }));
write("tsconfig.json", JSON.stringify({ extends: path.join(root, "tsconfig.json"), include: ["."] }));

describe("lint", () => {
  const bad: readonly [rule: string, source: string][] = [
    ["no-floating-promises", `async function work(): Promise<void> {}\nwork();\n`],
    ["no-misused-promises", `["a"].forEach(async () => {});\n`],
    ["no-explicit-any", `export const value: any = 1;\n`],
    ["no-console", `console.log("a message of a service");\n`],
    ["ban-ts-comment", `// @ts-expect-error\nexport const value: string = 1;\n`],
    ["no-non-null-assertion", `export const first = (list: string[]) => list[0]!;\n`],
    ["consistent-type-imports", `import { Server } from "node:net";\nexport type Mine = Server;\n`],
    ["no-warning-comments", `// hack: mend it later\nexport const value = 1;\n`],
    ["max-lines", "export {};\n" + "// a line\n".repeat(301)],
    [
      "switch-exhaustiveness-check",
      `export function f(kind: "a" | "b"): void {\n  switch (kind) {\n    case "a":\n      return;\n  }\n}\n`,
    ],
  ];

  for (const [rule, source] of bad) write(`mcdsl/${rule}.ts`, source);
  const args = ["--type-aware", "--config", path.join(root, ".oxlintrc.json"), "--format=unix", "mcdsl"];
  const lint = spawnSync(path.join(root, "node_modules/.bin/oxlint"), args, {
    cwd: folder,
    encoding: "utf8",
  });

  test("fails when a file breaks a rule", () => {
    assert.equal(lint.status, 1, lint.stderr);
  });

  for (const [rule] of bad) {
    test(`finds what breaks ${rule}`, () => {
      const found = lint.stdout.split("\n").filter((line) => line.startsWith(`mcdsl/${rule}.ts:`));
      assert.match(found.join("\n"), new RegExp(`\\b${rule}\\b.*\\]$`, "m"));
    });
  }
});

describe("the test runner", () => {
  const run = (...args: string[]) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const script = path.join(root, "scripts/test.ts");
    return spawnSync(process.execPath, [script, ...args], { cwd: folder, env, encoding: "utf8" });
  };
  const passing = `import { test } from "node:test";\ntest("passes", () => {});\n`;

  test("passes when every test does, and prints one closing summary", () => {
    write("good/a.test.ts", passing);
    write("good/test/b.test.ts", passing);
    const { status, stdout } = run("good");
    assert.equal(status, 0, stdout);
    assert.deepEqual(stdout.match(/^ℹ (tests|pass|fail) \d+$/gm), ["ℹ tests 2", "ℹ pass 2", "ℹ fail 0"]);
  });

  test("fails when a test fails", () => {
    write("failing/a.test.ts", passing);
    write(
      "failing/b.test.ts",
      `import { test } from "node:test";\ntest("fails", () => { throw new Error(); });\n`,
    );
    assert.equal(run("failing").status, 1);
  });

  test("fails when a test file does not even load", () => {
    write("broken/a.test.ts", passing);
    write("broken/b.test.ts", `import "./absent.ts";\n`);
    assert.equal(run("broken").status, 1);
  });

  test("fails when a file holds no test", () => {
    write("empty/a.test.ts", passing);
    write("empty/b.test.ts", "export {};\n");
    const { status, stderr } = run("empty");
    assert.equal(status, 1);
    assert.match(stderr, /empty\/b\.test\.ts holds no test/);
  });

  test("fails when no test ran", () => {
    const { status, stderr } = run("nowhere");
    assert.equal(status, 1);
    assert.match(stderr, /no test ran/);
    assert.equal(run("good", "--name", "no such test").status, 1);
  });
});
