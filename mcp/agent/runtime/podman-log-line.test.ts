import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { addApiFrame, addFileLine, LogAssembler } from "./podman-log-line.ts";

const time = "2026-11-21T06:53:41.069702109+00:00";
const timestampMs = Date.parse("2026-11-21T06:53:41.069Z");

describe("a line of a log file", () => {
  test("is an entry with its milliseconds", () => {
    assert.deepEqual(addFileLine(new LogAssembler(), Buffer.from(`${time} stderr F no  database `)), {
      ...{ stream: "stderr", timestampMs, text: "no  database " },
    });
  });

  test("that is empty is an entry without text", () => {
    assert.equal(addFileLine(new LogAssembler(), Buffer.from(`${time} stdout F `))?.text, "");
  });

  test("that is partial waits for its end, also when the other stream speaks between", () => {
    const assembler = new LogAssembler();
    const euro = Buffer.from("€");
    const add = (header: string, text: Buffer | string): string | undefined =>
      addFileLine(assembler, Buffer.concat([Buffer.from(header), Buffer.from(text)]))?.text;
    assert.equal(add(`${time} stdout P `, euro.subarray(0, 1)), undefined);
    assert.equal(add(`${time} stderr F `, "err"), "err");
    assert.equal(add(`${time} stdout F `, euro.subarray(1)), "€");
  });

  test("without end is cut into entries of bounded length", () => {
    const assembler = new LogAssembler();
    const piece = Buffer.from(`${time} stdout P ${"x".repeat(8192)}`);
    const sizes = Array.from({ length: 8 }, () => addFileLine(assembler, piece)?.text.length);
    assert.deepEqual(sizes.slice(0, 7), Array.from({ length: 7 }));
    assert.equal(sizes[7], 65_536);
    assert.deepEqual(assembler.flush(), []);
  });

  for (const line of ["", "torn", `${time} stdin F x`, "yesterday stdout F x"]) {
    test(`${JSON.stringify(line)} is none and is left out`, () => {
      assert.equal(addFileLine(new LogAssembler(), Buffer.from(line)), undefined);
    });
  }
});

describe("a frame of the API", () => {
  test("with a newline is an entry, without one a part of the next", () => {
    const assembler = new LogAssembler();
    const second = "2026-11-21T06:53:41Z";
    assert.equal(addApiFrame(assembler, "stdout", Buffer.from(`${second} abc`)), undefined);
    assert.deepEqual(addApiFrame(assembler, "stdout", Buffer.from(`${second} def\n`)), {
      ...{ stream: "stdout", timestampMs: Date.parse(second), text: "abcdef" },
    });
  });
});
