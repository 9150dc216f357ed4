import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeSecretFile, judgeTrustedPath } from "./file-access.ts";

const path = "/srv/mcp/key.pem";
const own = 990;

for (const [what, judge, mode, ownerId, severity, remedy] of [
  ["a secret of one's own", judgeSecretFile, 0o100600, own, "ok", ""],
  ["a secret of root's", judgeSecretFile, 0o100400, 0, "ok", ""],
  ["a secret that the group may read", judgeSecretFile, 0o100640, own, "problem", `chmod 600 ${path}`],
  ["a secret of another user", judgeSecretFile, 0o100600, 1_000, "problem", `as root: chown 990 ${path}`],
  ["a file that others may read", judgeTrustedPath, 0o100644, own, "ok", ""],
  ["a directory that others may write to", judgeTrustedPath, 0o041777, own, "problem", `chmod go-w ${path}`],
] as const) {
  test(`${what} is ${severity}`, () => {
    const judged = judge({ path, mode, ownerId }, own);
    assert.deepEqual([judged.severity, judged.remedy], [severity, remedy]);
  });
}
