import { open, stat } from "node:fs/promises";
import { basename } from "node:path";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { untilAborted } from "@metacircular/mcdsl/grpc/until-aborted.ts";

import type { Invocation } from "../invocation.ts";
import { localFileError, localFileRefused } from "./local-error.ts";

/** What is pushed. */
export interface Source extends AsyncDisposable {
  /** For messages. */
  readonly name: string;
  /** Its name on the node where the operator gives none; undefined: it has none. */
  readonly basename: string | undefined;
  readonly sizeBytes: number;
  /** Permissions of a new file with this content. */
  readonly mode: number;
  /** The content, once.
   * @throws DetailedError LOCAL_FILE_CHANGED, LOCAL_FILE_UNREADABLE */
  content(): AsyncIterable<Uint8Array>;
}

/** Of what is sent at a time: a slow line shows progress, a fast one is not slowed down. */
const chunkBytes = 256 * 1024;
/** What comes from standard input may be secret, and its size must be known beforehand: it is kept in memory. */
const mostFromStdin = 64 * 1024 * 1024;
const modeFromStdin = 0o600;

/** Opens what is to be pushed: a file, or with `-` standard input.
 * @throws DetailedError LOCAL_FILE_UNREADABLE, FILE_TOO_LARGE */
export function openSource(file: string, invocation: Invocation): Promise<Source> {
  return file === "-" ? readStdin(invocation) : openFile(file);
}

async function openFile(file: string): Promise<Source> {
  try {
    const found = await stat(file);
    // Looked at before it is opened: opening a pipe waits for its other end.
    if (!found.isFile()) throw notRegular(file, found.isDirectory());
    const handle = await open(file);
    const before = await handle.stat();
    return {
      name: basename(file),
      basename: basename(file),
      sizeBytes: before.size,
      mode: before.mode & 0o777,
      async *content() {
        for (let at = 0; at < before.size;) {
          const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, before.size - at));
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
          if (bytesRead === 0) throw changed(file);
          at += bytesRead;
          yield buffer.subarray(0, bytesRead);
        }
        const { size, mtimeMs } = await handle.stat();
        if (size !== before.size || mtimeMs !== before.mtimeMs) throw changed(file);
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (thrown) {
    throw localFileError("read", file, thrown);
  }
}

async function readStdin({ stdin, signal }: Invocation): Promise<Source> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of untilAborted(stdin, signal)) {
    const bytes = Buffer.from(chunk);
    sizeBytes += bytes.length;
    if (sizeBytes > mostFromStdin) throw tooLarge();
    chunks.push(bytes);
  }
  const whole = Buffer.concat(chunks);
  return {
    name: "standard input",
    basename: undefined,
    sizeBytes,
    mode: modeFromStdin,
    async *content() {
      for (let at = 0; at < whole.length; at += chunkBytes) yield whole.subarray(at, at + chunkBytes);
    },
    async [Symbol.asyncDispose]() {},
  };
}

function notRegular(file: string, isDirectory: boolean): DetailedError {
  return isDirectory
    ? localFileRefused("read", file, "it is a directory", "push its files one by one")
    : localFileRefused("read", file, "it is not a regular file", "push it through standard input, with `-`");
}

function changed(file: string): DetailedError {
  return new DetailedError({
    code: "LOCAL_FILE_CHANGED",
    category: "aborted",
    attempted: "push",
    subject: file,
    found: "something wrote to it while it was read",
    remedy: "push it again when it is complete; the old file on the node is untouched",
  });
}

function tooLarge(): DetailedError {
  return new DetailedError({
    code: "FILE_TOO_LARGE",
    category: "invalid-argument",
    attempted: "push",
    subject: "standard input",
    found: `it has more than ${mostFromStdin / 1024 / 1024} MiB`,
    remedy: "write it to a file and push that",
  });
}
