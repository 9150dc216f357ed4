import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeMapped, judgeMapper, judgeRanges } from "./subordinate-ids.ts";

const user = { id: 990, name: "mcp" };
const judge = (text: string) => judgeRanges({ kind: "subuid", user, text });

test("a range by name or by number is enough, also in two parts", () => {
  assert.equal(judge("kyle:100000:65536\nmcp:165536:65536\n").severity, "ok");
  assert.equal(judge("990:100000:65536\n").severity, "ok");
  assert.equal(judge("mcp:100000:32768\nmcp:200000:32768\n").severity, "ok");
});

test("without a range the remedy gives one behind everybody else's", () => {
  const missing = judge("# comment\nkyle:100000:65536\nops:300000:65536\n");
  assert.deepEqual(
    [missing.severity, missing.found, missing.remedy],
    [
      "problem",
      "no range for mcp",
      "as root: usermod --add-subuids 365536-431071 mcp; then as mcp: podman system migrate",
    ],
  );
  assert.match(judge("").remedy, /--add-subuids 100000-165535 mcp/);
});

test("a range that is too small is no range", () => {
  assert.equal(judge("mcp:100000:1000\n").found, "only 1000 ids for mcp");
});

test("the programs that map must be there, and the runtime must have got what it asked for", () => {
  assert.match(judgeMapper("newuidmap", undefined).remedy, /install uidmap/);
  assert.equal(judgeMapper("newuidmap", 0o104755).found, "installed, mode 4755");
  assert.equal(judgeMapped("podman", 65_537).severity, "ok");
  assert.match(judgeMapped("podman", 1).remedy, /podman system migrate$/);
});
