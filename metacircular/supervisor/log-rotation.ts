import { copyFile, readdir, rename, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

const sizeBytesMaximum = 8 * 1024 * 1024;
const oldFiles = 2;

/** Keeps each log in the directory near `sizeBytes` with two older ones beside it. Programs append to their
 * logs by themselves, so the content is copied and the file emptied; lines written in between are lost. */
export async function rotateLogs(directory: string, sizeBytes: number = sizeBytesMaximum): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".log"));
  for (const name of names) {
    const path = join(directory, name);
    if ((await stat(path)).size > sizeBytes) await rotate(path);
  }
}

async function rotate(path: string): Promise<void> {
  for (let number = oldFiles; number > 1; number -= 1) {
    await renameIfPresent(`${path}.${number - 1}`, `${path}.${number}`);
  }
  await copyFile(path, `${path}.1`);
  await truncate(path);
}

async function renameIfPresent(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (thrown) {
    if (systemCodeOf(thrown) === "ENOENT") return;
    throw thrown;
  }
}
