import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { parseProcessStart, systemProcesses } from "./process-status.ts";

const fields = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 8675309 20";

describe("parseProcessStart", () => {
  const cases: readonly [title: string, stat: string, start: string | undefined][] = [
    ["a sleeping process", `42 (sleep) S ${fields}`, "8675309"],
    ["a name with spaces and parentheses", `42 (a) b (c) R ${fields}`, "8675309"],
    ["a dead process that nobody has collected", `42 (sleep) Z ${fields}`, undefined],
    ["a process that is just dying", `42 (sleep) X ${fields}`, undefined],
  ];
  for (const [title, stat, start] of cases) {
    test(`of ${title} is ${start ?? "undefined"}`, () => {
      assert.equal(parseProcessStart(stat), start);
    });
  }
});

describe("systemProcesses", () => {
  test("knows a living process, and that it is gone once it was killed and collected", async () => {
    const child = spawn("sleep", ["60"]);
    const pid = child.pid ?? 0;
    const startedAtMs = Date.now();
    assert.equal(systemProcesses.exists(pid), true);
    assert.match(systemProcesses.start(pid) ?? "", /^\d+$/);
    assert.equal(systemProcesses.start(pid), systemProcesses.start(pid));
    assert.equal(systemProcesses.belongsTo(pid, { id: "none", startedAtMs }), true);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(systemProcesses.exists(pid), false);
    assert.equal(systemProcesses.start(pid), undefined);
    assert.equal(systemProcesses.belongsTo(pid, { id: "none", startedAtMs }), false);
  });

  test("tells a process from one that had its number when the container was started", () => {
    const lastYear = Date.now() - 365 * 24 * 3_600_000;
    assert.equal(systemProcesses.belongsTo(process.pid, { id: "none", startedAtMs: lastYear }), false);
  });

  test("believes the control group more than the clock, which may have been set", () => {
    const lastYear = Date.now() - 365 * 24 * 3_600_000;
    // Every line of /proc/self/cgroup has colons.
    assert.equal(systemProcesses.belongsTo(process.pid, { id: ":", startedAtMs: lastYear }), true);
  });

  test("takes a dead process that nobody has collected for none, though its control group still names it", async () => {
    // What takes the shell's place does not know of its child.
    const parent = spawn("sh", ["-c", "exec 3<&0; cat <&3 & echo $!; exec sleep 60"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    try {
      const [line] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(String(line));
      await eventually(() => assert.equal(readFileSync(`/proc/${parent.pid}/comm`, "utf8"), "sleep\n"));
      parent.stdin.end();
      await eventually(() => assert.equal(systemProcesses.start(pid), undefined));
      assert.equal(systemProcesses.exists(pid), true);
      assert.equal(systemProcesses.belongsTo(pid, { id: ":", startedAtMs: 0 }), false);
    } finally {
      parent.kill("SIGKILL");
    }
  });

  test("never takes a group of processes for one", () => {
    assert.equal(systemProcesses.exists(0), false);
    assert.equal(systemProcesses.exists(-1), false);
  });
});
