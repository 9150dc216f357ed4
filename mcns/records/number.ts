import { RecordProblem } from "./record-problem.ts";

/** A number as bytes, most significant first. */
export function unsigned(value: number, length: 1 | 2 | 4): Uint8Array {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

/** @param what for the message, such as "the preference"
 * @throws RecordProblem */
export function readUnsigned(text: string, length: 1 | 2 | 4, what: string): Uint8Array {
  const most = 256 ** length - 1;
  if (/^\d{1,10}$/u.test(text) && Number(text) <= most) return unsigned(Number(text), length);
  throw new RecordProblem(`${what} must be a number from 0 to ${most}, not ${JSON.stringify(text)}`);
}
