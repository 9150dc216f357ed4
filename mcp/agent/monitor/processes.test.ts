import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessReader } from "../processes/process-status.ts";
import { createContainerProcesses } from "./processes.ts";

/** A process table: start by number; counts the calls. */
function createTable(starts: Record<number, string | undefined>) {
  const calls = { exists: 0, start: 0 };
  const reader: ProcessReader = {
    exists(pid) {
      calls.exists += 1;
      return pid in starts;
    },
    start(pid) {
      calls.start += 1;
      return starts[pid];
    },
    belongsTo: (pid) => starts[pid] !== undefined && starts[pid] !== "somebody else's",
  };
  return { starts, calls, processes: createContainerProcesses(reader) };
}

const container = (pid: number, id = `container-${pid}`) => ({ id, pid, startedAtMs: 1_000 });

function idsOf({ missing, suspicious }: { missing: ReadonlySet<string>; suspicious: boolean }) {
  return { missing: [...missing], suspicious };
}

test("a container whose process is gone is suspicious first, and missing at the next listing", () => {
  const { starts, processes } = createTable({ 7: "100" });
  assert.deepEqual(idsOf(processes.track([container(7)])), { missing: [], suspicious: false });
  delete starts[7];
  assert.equal(processes.sweep(), true);
  assert.deepEqual(idsOf(processes.track([container(7)])), { missing: [], suspicious: true });
  assert.deepEqual(idsOf(processes.track([container(7)])), { missing: ["container-7"], suspicious: false });
  assert.equal(processes.sweep(), false);
});

test("a process number that was given out again does not bring a container back", () => {
  const { starts, processes } = createTable({ 7: "100" });
  processes.track([container(7)]);
  starts[7] = "200";
  assert.equal(processes.sweep(), true);
  processes.track([container(7)]);
  assert.deepEqual(idsOf(processes.track([container(7)])).missing, ["container-7"]);
  starts[7] = "100";
  assert.deepEqual(idsOf(processes.track([container(7)])).missing, ["container-7"]);
});

test("a dead process that nobody has collected is gone", () => {
  const { starts, processes } = createTable({ 7: "100" });
  processes.track([container(7)]);
  starts[7] = undefined;
  assert.equal(processes.sweep(), true);
});

test("a process that was somebody else's when the agent started is not the container's", () => {
  const { processes } = createTable({ 7: "somebody else's" });
  processes.track([container(7)]);
  assert.deepEqual(idsOf(processes.track([container(7)])).missing, ["container-7"]);
});

test("a container that was started again has a new process", () => {
  const { starts, processes } = createTable({ 7: "100" });
  processes.track([container(7, "web")]);
  delete starts[7];
  processes.track([container(7, "web")]);
  processes.track([container(7, "web")]);
  starts[8] = "300";
  assert.deepEqual(idsOf(processes.track([container(8, "web")])), { missing: [], suspicious: false });
});

test("a container that is listed without a number keeps its last one, and is left alone without one", () => {
  const { starts, processes } = createTable({ 7: "100" });
  processes.track([container(7, "web")]);
  delete starts[7];
  processes.track([container(0, "web"), container(0, "never seen")]);
  assert.deepEqual(idsOf(processes.track([container(0, "web"), container(0, "never seen")])), {
    missing: ["web"],
    suspicious: false,
  });
});

test("a sweep asks for every process whether it exists, and looks closely at a few in turn", () => {
  const pids = Array.from({ length: 300 }, (_, index) => index + 1);
  const { starts, calls, processes } = createTable(Object.fromEntries(pids.map((pid) => [pid, "100"])));
  processes.track(pids.map((pid) => container(pid)));
  calls.start = 0;
  calls.exists = 0;
  assert.equal(processes.sweep(), false);
  assert.deepEqual(calls, { exists: 300, start: 4 });
  starts[300] = "200";
  let sweeps = 1;
  while (!processes.sweep()) sweeps += 1;
  assert.ok(sweeps <= 300 / 4 + 1, `found after ${sweeps} sweeps`);
});
