import type { LogEntry } from "./runtime.ts";

/** Longest entry; what is longer is cut into several. */
const maxEntryBytes = 64 * 1024;
const newline = 0x0a;

interface Unfinished {
  timestampMs: number;
  sizeBytes: number;
  chunks: Buffer[];
}

/** Puts entries together from pieces: a container's line may come in several, and those of its two streams may
 * alternate. */
export class LogAssembler {
  readonly #unfinished = new Map<LogEntry["stream"], Unfinished>();

  /** @returns the entry that this piece completes */
  add(
    stream: LogEntry["stream"],
    timestampMs: number,
    content: Buffer,
    complete: boolean,
  ): LogEntry | undefined {
    const partial = this.#unfinished.get(stream) ?? { timestampMs, sizeBytes: 0, chunks: [] };
    partial.chunks.push(content);
    partial.sizeBytes += content.length;
    if (!complete && partial.sizeBytes < maxEntryBytes) {
      this.#unfinished.set(stream, partial);
      return undefined;
    }
    this.#unfinished.delete(stream);
    return { stream, timestampMs: partial.timestampMs, text: Buffer.concat(partial.chunks).toString("utf8") };
  }

  /** What has no end yet, when none will come. */
  flush(): LogEntry[] {
    const entries = [...this.#unfinished].map(([stream, { timestampMs, chunks }]) => {
      return { stream, timestampMs, text: Buffer.concat(chunks).toString("utf8") };
    });
    this.#unfinished.clear();
    return entries;
  }
}

const filePattern = /^(\S+) (stdout|stderr) ([FP])(?: |$)/;
/** Longest of `time stream tag `. */
const maxFileHeaderBytes = 64;

/** Adds one line of a log file in the format of Kubernetes: `time stream F|P text`. A line that is none, as
 * after a crash in the middle of writing, is left out. */
export function addFileLine(assembler: LogAssembler, line: Buffer): LogEntry | undefined {
  const match = filePattern.exec(line.subarray(0, maxFileHeaderBytes).toString("latin1"));
  if (match === null) return undefined;
  const [header, time = "", stream, tag] = match;
  const timestampMs = Math.floor(Date.parse(time));
  if (Number.isNaN(timestampMs)) return undefined;
  const name = stream === "stderr" ? "stderr" : "stdout";
  return assembler.add(name, timestampMs, line.subarray(header.length), tag === "F");
}

/** Adds one frame of the API's stream: `time text`, ending with a newline unless more of the line follows. */
export function addApiFrame(
  assembler: LogAssembler,
  stream: LogEntry["stream"],
  content: Buffer,
): LogEntry | undefined {
  const space = content.indexOf(" ");
  const timestampMs = Math.floor(Date.parse(content.subarray(0, Math.max(space, 0)).toString("latin1")));
  const timed = !Number.isNaN(timestampMs);
  const complete = content.at(-1) === newline;
  const text = content.subarray(timed ? space + 1 : 0, complete ? -1 : undefined);
  return assembler.add(stream, timed ? timestampMs : 0, text, complete);
}
