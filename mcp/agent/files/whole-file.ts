import { createHash } from "node:crypto";
import { fileError } from "./file-errors.ts";
import type { FileRequest, Files, PushRequest } from "./files.ts";

/** Largest file that goes into one message: clients take messages of 4 MiB. */
const longestWholeBytes = 4 * 1024 * 1024 - 1024;

/** Pushes content that is there already. @throws DetailedError */
export async function pushWhole(
  files: Files,
  request: PushRequest,
  content: Uint8Array,
  caller: string,
): Promise<void> {
  await using push = await files.push(request, caller);
  await push.write(content);
  await push.finish(createHash("sha256").update(content).digest());
}

/** Pulls a small file in one piece. @throws DetailedError, FILE_TOO_LARGE among them */
export async function pullWhole(
  files: Files,
  request: FileRequest,
  caller: string,
): Promise<{ content: Uint8Array; mode: number }> {
  await using pull = await files.pull(request, caller);
  if (pull.sizeBytes > longestWholeBytes) throw tooLarge(pull.path, pull.sizeBytes);
  const chunks: Uint8Array[] = [];
  for (let chunk = await pull.read(); chunk !== undefined; chunk = await pull.read()) chunks.push(chunk);
  await pull.finish();
  return { content: Buffer.concat(chunks), mode: pull.mode };
}

function tooLarge(path: string, sizeBytes: number) {
  return fileError(
    { action: "pull", path },
    {
      code: "FILE_TOO_LARGE",
      category: "failed-precondition",
      found: `it has ${sizeBytes} bytes, and one message takes ${longestWholeBytes}`,
      remedy: "use DownloadFile, as `mcp pull` does",
    },
  );
}
