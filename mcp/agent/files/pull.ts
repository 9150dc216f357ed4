import { Download } from "./download.ts";
import type { Transfer } from "./transfer.ts";
import { type Target, walk } from "./walk.ts";

/** A pull that goes on. */
export interface Pull extends AsyncDisposable, Pick<Download, "sizeBytes" | "mode" | "modifiedMs"> {
  /** Absolute, on the node. */
  readonly path: string;
  /** The next part of the content; undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  /** SHA-256 of what was read, if it is one version of the file. */
  finish(): Promise<Uint8Array>;
}

/** Opens the file.
 * @throws DetailedError FILE_NOT_FOUND, FILE_PATH_REFUSED; and the system's errors */
export async function startPull(transfer: Transfer, target: Target): Promise<Pull> {
  const { log, part } = transfer;
  await using place = await walk(target, { create: false });
  const download = await transfer.hold(await Download.open(target.task, place));
  const { sizeBytes, mode, modifiedMs } = download;
  return {
    path: target.task.path,
    sizeBytes,
    mode,
    modifiedMs,
    read: () => part(() => download.read()),
    async finish() {
      const sha256 = await part(() => download.finish());
      log.done({ sizeBytes, sha256, mode });
      return sha256;
    },
    [Symbol.asyncDispose]: () => transfer[Symbol.asyncDispose](),
  };
}
