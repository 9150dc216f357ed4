import { execFile } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

const run = promisify(execFile);

/** A file system of its own in memory, which can be filled up. Needs root. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  fill(): void;
  free(): void;
}

export async function createSmallDisk(sizeKiB: number): Promise<SmallDisk> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await createTemporaryDirectory());
  const path = join(directory.path, "disk");
  await mkdir(path);
  await run("mount", ["-t", "tmpfs", "-o", `size=${sizeKiB}k,mode=0700`, "tmpfs", path]);
  cleanup.defer(async () => {
    await run("umount", ["--lazy", path]);
    await rm(path, { recursive: true, force: true });
  });
  const filler = join(path, "filler");
  const owned = cleanup.move();
  return {
    path,
    fill() {
      const file = openSync(filler, "a");
      try {
        for (const size of [65_536, 4_096, 1]) writeUntilFull(file, Buffer.alloc(size));
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler, { force: true }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function writeUntilFull(file: number, block: Buffer): void {
  for (;;) {
    try {
      if (writeSync(file, block) < block.length) return;
    } catch (thrown) {
      if (systemCodeOf(thrown) === "ENOSPC") return;
      throw thrown;
    }
  }
}
