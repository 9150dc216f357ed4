import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { isStaticExecutable } from "./elf.ts";

test("a static executable is told from a dynamic one, and from what is none", async () => {
  assert.equal(isStaticExecutable(await readFile("/bin/busybox")), true);
  assert.equal(isStaticExecutable(await readFile("/usr/bin/env")), false);
  assert.equal(isStaticExecutable(Buffer.from("#!/bin/sh\n".padEnd(100))), false);
  assert.equal(isStaticExecutable(Buffer.alloc(0)), false);
  assert.equal(isStaticExecutable((await readFile("/bin/busybox")).subarray(0, 64)), false);
  for (const other of [
    { at: 4, value: 1, what: "32 bits" },
    { at: 5, value: 2, what: "big-endian" },
  ]) {
    const content = await readFile("/bin/busybox");
    content[other.at] = other.value;
    assert.equal(isStaticExecutable(content), false, other.what);
  }
});
