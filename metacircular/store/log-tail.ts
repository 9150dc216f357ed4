import { open } from "node:fs/promises";

const tailBytes = 16 * 1024;
const lineLimit = 12;
const lineLengthLimit = 400;

/** The last lines of a log, oldest first; none when there is no log. */
export async function lastLogLines(path: string): Promise<string[]> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const lines = buffer.toString("utf8").split("\n").filter(Boolean);
    return lines.slice(-lineLimit).map((line) => line.slice(0, lineLengthLimit));
  } catch {
    // It accompanies an error: not having it must not hide that error.
    return [];
  }
}
