import { open } from "node:fs/promises";
import { z } from "zod";

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
    return lines.slice(-lineLimit).map((line) => readableLine(line).slice(0, lineLengthLimit));
  } catch {
    // It accompanies an error: not having it must not hide that error.
    return [];
  }
}

/** A line of a log for people: a JSON record becomes time, level, message and cause, anything else stays. */
export function readableLine(line: string): string {
  const record = recordSchema.safeParse(parseJson(line));
  if (!record.success) return line;
  const { time, level, msg, error } = record.data;
  const cause = error?.message === undefined ? "" : `: ${error.message}`;
  const code = error?.code === undefined ? "" : ` [${error.code}]`;
  return `${time} ${level} ${msg}${cause}${code}`;
}

const recordSchema = z.object({
  time: z.string(),
  level: z.string(),
  msg: z.string(),
  error: z.object({ message: z.string().optional(), code: z.string().optional() }).optional(),
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
