import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chown, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { processesOf } from "./podman-teardown.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../scripts/setup-podman", import.meta.url));
/** Of an account that exists only in the mount namespace of this test. */
const id = 60_123;
const databases: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/root:/bin/sh\nmcp-rootless:x:${id}:${id}::/nonexistent:/bin/sh\n`,
  group: `root:x:0:\nmcp-rootless:x:${id}:\n`,
  subuid: `mcp-rootless:700000:65536\n`,
  subgid: `mcp-rootless:700000:65536\n`,
};
const asUser = ["setpriv", `--reuid=${id}`, `--regid=${id}`, "--clear-groups", "--"] as const;

/** Why this machine cannot try it; false: it can. */
async function obstacle(): Promise<string | false> {
  if (process.getuid?.() !== 0) return "only root can give another account what it needs";
  const [setpriv, ...argv] = [...asUser, "sh", "-c", `test -x '${script}' && unshare --user true`];
  return run(setpriv, argv).then(
    () => false,
    () => "another account may not read this checkout, or make no user namespaces",
  );
}

test("the set-up script gives an account without root a podman of its own too", async (t) => {
  const reason = await obstacle();
  if (reason !== false) return t.skip(reason);
  await using temporary = await createTemporaryDirectory();
  const { path: directory } = temporary;
  await chown(directory, id, id);
  for (const [name, text] of Object.entries(databases)) await writeFile(`${directory}/${name}`, text);
  const lines = [
    ...Object.keys(databases).map((name) => `mount --bind '${directory}/${name}' /etc/${name}`),
    `cd '${directory}'`,
    `exec ${asUser.join(" ")} sh -euc '"$0" --isolated "$1"; . "$1/env"; exec podman info --format "$2"' "$@"`,
  ];
  const format =
    "{{.Host.Security.Rootless}} {{.Store.GraphDriverName}} {{.Store.GraphRoot}} {{.Store.RunRoot}}";
  const own = `${directory}/own`;
  const inMountNamespace = ["--mount", "--propagation=private", "--", "sh", "-euc", lines.join("\n"), "sh"];
  const env = { PATH: process.env["PATH"], HOME: directory, XDG_RUNTIME_DIR: directory };
  try {
    const { stdout } = await run("unshare", [...inMountNamespace, script, own, format], { env });
    assert.equal(stdout.trim(), `true overlay ${own}/graph ${own}/run/containers`);
  } finally {
    // What keeps podman's namespaces goes on by itself.
    const pids = (await processesOf({ directory: own })).map(({ pid }) => String(pid));
    // One may have ended by itself meanwhile.
    if (pids.length > 0) await run("kill", ["-KILL", ...pids]).catch(() => undefined);
  }
});
