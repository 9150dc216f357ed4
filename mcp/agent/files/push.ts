import { randomBytes } from "node:crypto";
import { temporaryFilePrefix } from "@metacircular/mcp-core/file-path.ts";
import type { UploadTable } from "../registry/uploads.ts";
import type { Transfer } from "./transfer.ts";
import { assertFits, assertModes, assertReplaceable } from "./replace.ts";
import { Upload, type Uploaded, type UploadOptions } from "./upload.ts";
import { type Target, walk } from "./walk.ts";

/** A push that goes on. Disposing it before it is finished leaves the old file, and nothing else. */
export interface Push extends AsyncDisposable {
  /** Absolute, on the node. */
  readonly path: string;
  /** Aborted with the reason when it is ended before its time. */
  readonly signal: AbortSignal;
  write(chunk: Uint8Array): Promise<void>;
  /** Puts the file in its place. */
  finish(sha256: Uint8Array): Promise<Uploaded>;
}

/** Creates the unfinished file, in a directory that is created where it is missing.
 * @throws DetailedError FILE_MODE_INVALID, FILE_PATH_REFUSED, DISK_FULL; and the system's errors */
export async function startPush(
  transfer: Transfer,
  target: Target,
  options: UploadOptions,
  uploads: UploadTable,
): Promise<Push> {
  const { log, signal, part } = transfer;
  const { task, service, names } = target;
  assertModes(task, options);
  const place = await transfer.hold(await walk(target, { create: true }));
  let finished = false;
  transfer.defer(() => (finished ? undefined : place.removeCreated()));
  await assertReplaceable(task, place);
  await assertFits(task, place.directory, options.sizeBytes);
  const name = `${temporaryFilePrefix}${randomBytes(8).toString("hex")}`;
  // Written down first, so that the file is found after a crash, and until it is gone.
  uploads.record({ name, service, path: names.join("/") });
  const gone = (): void => uploads.forget(name);
  const upload = await transfer.hold(await createUpload(task, place, { name, gone }, options));
  return {
    path: task.path,
    signal,
    write: (chunk) => part(() => upload.write(chunk)),
    async finish(sha256) {
      const uploaded = await part(() => upload.finish(sha256));
      finished = true;
      log.done(uploaded);
      return uploaded;
    },
    [Symbol.asyncDispose]: () => transfer[Symbol.asyncDispose](),
  };
}

async function createUpload(...parameters: Parameters<typeof Upload.create>): Promise<Upload> {
  try {
    return await Upload.create(...parameters);
  } catch (error) {
    parameters[2].gone();
    throw error;
  }
}
