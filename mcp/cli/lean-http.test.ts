import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

/** Names of what Node.js has loaded of itself when the command ends. */
async function builtinModulesOf(...args: readonly string[]): Promise<readonly string[]> {
  const atEnd = `process.on("exit", () => process._rawDebug(process.moduleLoadList.join("\\n")))`;
  const tell = `data:text/javascript,${encodeURIComponent(atEnd)}`;
  const { stderr } = await promisify(execFile)(process.execPath, ["--import", tell, main, ...args]);
  return stderr.split("\n").map((line) => line.replace(/^NativeModule /, ""));
}

test("a command that asks the nodes does without the implementation of fetch", async () => {
  const modules = await builtinModulesOf("ps", "--help");
  assert.ok(modules.includes("http2"), modules.join(" "));
  assert.deepEqual(
    modules.filter((name) => name.includes("undici")),
    [],
  );
});
