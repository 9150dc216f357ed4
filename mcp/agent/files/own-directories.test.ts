import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { ownDirectories } from "./own-directories.ts";

test("names that lead to files of the agent are found, also by a link and before the files exist", async () => {
  await using temporary = await createTemporaryDirectory();
  const srv = join(temporary.path, "srv");
  mkdirSync(join(srv, "mcp"), { recursive: true });
  mkdirSync(join(srv, "shop"));
  writeFileSync(join(srv, "mcp/mcp.db"), "");
  symlinkSync(srv, join(temporary.path, "link"));
  const found = (directory: string, ...files: string[]) => [...ownDirectories(directory, files)];
  assert.deepEqual(found(srv, join(srv, "mcp/mcp.db"), join(srv, "mcp/certs/key.pem")), ["mcp"]);
  assert.deepEqual(found(join(temporary.path, "link"), join(srv, "mcp/mcp.db")), ["mcp"]);
  assert.deepEqual(found(srv, join(temporary.path, "link/later/token")), ["later"]);
  assert.deepEqual(found(srv, join(temporary.path, "mcp.db"), "/etc/hostname"), []);
});
