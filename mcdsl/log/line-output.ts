import { writeSync } from "node:fs";
import { systemCodeOf } from "../system-code.ts";

/** How long what reads the other end of a pipe gets to make room. */
const busyMs = 100;

/** Writes lines at once to a file that is open already. What it does not take, as a file on a full disk or a pipe that
 * nobody reads any more, is lost, and how many lines that were is said before the next one that it takes. Never throws:
 * a program must not end for what it cannot log. */
export function createLineOutput(descriptor: number): { write(line: string): void } {
  let lost = 0;
  /** A line stands there without its end. */
  let isCut = false;

  function write(text: string): void {
    for (let rest = Buffer.from(text); rest.length > 0;) {
      const written = writeOrWait(descriptor, rest);
      rest = rest.subarray(written);
      isCut = rest.length > 0 && (isCut || written > 0);
    }
  }

  return {
    write(line) {
      try {
        if (isCut) write("\n");
        if (lost > 0) write(noteOf(lost));
        lost = 0;
        write(line);
      } catch {
        lost += 1;
      }
    },
  };
}

function writeOrWait(descriptor: number, bytes: Buffer): number {
  try {
    return writeSync(descriptor, bytes);
  } catch (error) {
    if (systemCodeOf(error) !== "EAGAIN") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, busyMs);
    return 0;
  }
}

function noteOf(lost: number): string {
  const time = new Date().toISOString();
  return `${JSON.stringify({ level: "warn", time, pid: process.pid, lost, msg: "lines of this log could not be written" })}\n`;
}
