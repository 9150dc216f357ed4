import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeTemporaryFiles } from "./temporary-files.ts";

test("what a remedy removes is one word of a shell, whatever a container has called it", () => {
  const names = ["/srv/shop/.a.toml.0123456789ab.tmp", "/srv/shop/.x'; rm -rf ~; '.0123456789ab.tmp"];
  const found = new Map(names.map((name) => [name, 0]));
  const remedies = judgeTemporaryFiles(found, 7_200_000).map(({ remedy }) => remedy);
  assert.deepEqual(remedies, [
    "rm /srv/shop/.a.toml.0123456789ab.tmp",
    String.raw`rm '/srv/shop/.x'\''; rm -rf ~; '\''.0123456789ab.tmp'`,
  ]);
});
