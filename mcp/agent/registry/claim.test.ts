import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { claimRegistry } from "./claim.ts";

const claimModule = new URL("claim.ts", import.meta.url).href;

/** Another process that claims the registry and waits. */
async function claimElsewhere(file: string): Promise<AsyncDisposable> {
  const script = `const { claimRegistry } = await import(${JSON.stringify(claimModule)});
    const claim = claimRegistry(${JSON.stringify(file)});
    console.log("claimed");
    setInterval(() => claim, 60_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

test("a registry belongs to one process, until that one is gone, be it by SIGKILL", async () => {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "mcp.db");
  {
    await using _ = await claimElsewhere(file);
    assert.throws(() => claimRegistry(file), { code: "AGENT_ALREADY_RUNS", subject: file });
  }
  claimRegistry(file)[Symbol.dispose]();
  using _ = claimRegistry(file);
});

test("a registry that cannot be claimed is an error that an operator can act on", async () => {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "missing", "mcp.db");
  assert.throws(() => claimRegistry(file), { code: "DATABASE_UNREADABLE", subject: file, found: /ENOENT/u });
});
