import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { editActive, withActive } from "./edit.ts";

const definition = `# hello
name = "hello"
node = "rift" # the core

[[components]] # only one
name = "web"
image = "localhost/hello:v1"
`;

test("stopping adds active = false, starting again turns it, and the rest stays", () => {
  const stopped = withActive(definition, false);
  assert.equal(stopped, definition.replace("# the core\n", "# the core\nactive = false\n"));
  assert.equal(withActive(stopped, true), definition.replace("# the core\n", "# the core\nactive = true\n"));
});

test("starting what is active by default changes nothing", () => {
  assert.equal(withActive(definition, true), definition);
});

test("a linked file is edited where it lies, with its permissions", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "mcp-edit-"));
  context.after(() => rm(directory, { recursive: true }));
  const real = join(directory, "real.toml");
  const link = join(directory, "hello.toml");
  await writeFile(real, definition);
  await chmod(real, 0o640);
  await symlink(real, link);
  await editActive(link, false);
  assert.match(await readFile(real, "utf8"), /^active = false$/m);
  assert.equal((await stat(real)).mode & 0o777, 0o640);
});

test("a file that cannot be edited is left alone and says so", async () => {
  await assert.rejects(editActive("/nonexistent/hello.toml", false), { code: "FILE_NOT_EDITABLE" });
});
