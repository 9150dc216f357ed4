import { assertFits, assertModes, assertReplaceable, modeAfter } from "./replace.ts";
import type { Uploaded, UploadOptions } from "./upload.ts";
import { type Target, walkIfThere } from "./walk.ts";

/** What a push would do. */
export type PushPreview = Omit<Uploaded, "sha256"> & {
  /** Absolute, on the node. */
  readonly path: string;
};

/** Looks at all that a push looks at, and changes nothing.
 * @throws DetailedError FILE_MODE_INVALID, FILE_PATH_REFUSED, DISK_FULL; and the system's errors */
export async function previewPush(target: Target, options: UploadOptions): Promise<PushPreview> {
  const { task } = target;
  const { sizeBytes } = options;
  assertModes(task, options);
  await using place = await walkIfThere(target);
  if (place !== undefined) await assertFits(task, place.directory, sizeBytes);
  const existing = place === undefined ? undefined : await assertReplaceable(task, place);
  return { path: task.path, sizeBytes, mode: modeAfter(existing, options), replaced: existing !== undefined };
}
