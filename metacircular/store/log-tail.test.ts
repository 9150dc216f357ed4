import assert from "node:assert/strict";
import { test } from "node:test";
import { readableLine } from "./log-tail.ts";

test("shows of a JSON record what a person needs, with the cause", () => {
  const record = {
    level: "error",
    time: "2026-11-21T08:09:25.407Z",
    pid: 18112,
    name: "mcp-agent",
    error: { message: "database is locked", code: "DATABASE_UNREADABLE", stack: "Error: database is locked" },
    msg: "could not start",
  };
  assert.equal(
    readableLine(JSON.stringify(record)),
    "2026-11-21T08:09:25.407Z error could not start: database is locked [DATABASE_UNREADABLE]",
  );
  const { error: _, ...plain } = { ...record, level: "info", msg: "stopped" };
  assert.equal(readableLine(JSON.stringify(plain)), "2026-11-21T08:09:25.407Z info stopped");
});

test("leaves other lines, cut records among them, as they are", () => {
  for (const line of ["Segmentation fault", '{"level":"info","ti', "17", "null"])
    assert.equal(readableLine(line), line);
});
