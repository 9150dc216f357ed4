import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

import { canRun, ownArchitecture, runsPrograms } from "./platform.ts";

test("a machine runs its own programs, and others by an emulator that is registered and on", async () => {
  await using directory = await createTemporaryDirectory();
  const other = ownArchitecture() === "arm64" ? "amd64" : "arm64";
  const entry = join(directory.path, other === "arm64" ? "qemu-aarch64" : "qemu-x86_64");
  assert.equal(canRun(ownArchitecture(), directory.path), true);
  assert.equal(canRun(other, directory.path), false);
  await writeFile(entry, "disabled\ninterpreter /usr/bin/qemu\n");
  assert.equal(canRun(other, directory.path), false);
  await writeFile(entry, "enabled\ninterpreter /usr/bin/qemu\n");
  assert.equal(canRun(other, directory.path), true);
});

test("only RUN in a stage for the other machine needs one", () => {
  const cases: readonly [string, boolean][] = [
    ['FROM scratch\nCOPY a /a\nCMD ["run"]\n', false],
    ["FROM base\nRUN make\n", true],
    ["from base\n  run make\n", true],
    [
      "FROM --platform=$BUILDPLATFORM go AS build\nRUN go build\nFROM scratch\nCOPY --from=build /a /a\n",
      false,
    ],
    ["FROM --platform=${BUILDPLATFORM} go AS build\nRUN go build\nFROM base\nRUN setup\n", true],
    ["FROM scratch\nCOPY a \\\n  RUN /b\n", false],
    ["# RUN nothing\nFROM scratch\n", false],
  ];
  for (const [text, expected] of cases) assert.equal(runsPrograms(text), expected, text);
});
