import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Progress } from "./progress.ts";

function setUp(isTTY: boolean) {
  let nowMs = 0;
  const written: string[] = [];
  const clock = { now: () => (nowMs += 700), sleep: () => Promise.resolve() };
  const terminal = { isTTY, write: (text: string) => void written.push(text) };
  return { progress: new Progress(terminal, clock), text: () => written.join("") };
}

describe("progress", () => {
  test("shows steps that did something, with their duration", async () => {
    const { progress, text } = setUp(false);
    await progress.step("accounts", () => Promise.resolve(undefined));
    assert.equal(progress.changed, false);
    await progress.step("certificates", () => Promise.resolve("issued for mcias"));
    assert.equal(progress.changed, true);
    assert.equal(text(), "  ok   certificates   issued for mcias (0.7 s)\n");
  });

  test("shows the step that failed and passes its error on", async () => {
    const { progress, text } = setUp(false);
    await assert.rejects(
      progress.step("deploy", () => Promise.reject(new Error("no disk"))),
      /no disk/,
    );
    assert.equal(text(), "  FAIL deploy         failed (0.7 s)\n");
  });

  test("shows the step at hand on a terminal only", async () => {
    const { progress, text } = setUp(true);
    await progress.step("deploy", () => Promise.resolve("hello runs"));
    assert.equal(text(), "  ...  deploy\r\u001B[K  ok   deploy         hello runs (0.7 s)\n");
  });
});
