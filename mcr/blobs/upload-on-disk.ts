import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { hasCode } from "./storage-errors.ts";
import type { UploadFile } from "./upload-file.ts";
import type { Upload } from "./upload-store.ts";

export type UploadName = Pick<Upload, "repository" | "id">;

export const uploadFileName = /^[0-9a-f]{32}-(?<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** A file that its owner may not write is sealed: this outlives a restart. */
export const sealedMode = 0o400;
const ownerMayWrite = 0o200;

/** The repository is a part of the name, so that the upload of another one is unknown. */
export function nameOf({ repository, id }: UploadName): string {
  return `${createHash("sha256").update(repository).digest("hex").slice(0, 32)}-${id}`;
}

export function viewOf(repository: string, { id, sizeBytes, lastUsedAtMs }: UploadFile): Upload {
  return { id, repository, sizeBytes, lastUsedAtMs };
}

export function uploadOnDisk(id: string, path: string, found: Stats): UploadFile {
  return {
    id,
    path,
    sizeBytes: found.size,
    reservedBytes: found.size,
    // Where the file system does not tell when a file was made, it is when it changed last.
    beganAtMs: Math.trunc(found.birthtimeMs > 0 ? found.birthtimeMs : found.mtimeMs),
    lastUsedAtMs: Math.trunc(found.mtimeMs),
    isBusy: false,
    isSealed: (found.mode & ownerMayWrite) === 0,
    hash: undefined,
  };
}

/** Undefined: there is no such file. */
export async function fileStats(path: string): Promise<Stats | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found : undefined;
  } catch (thrown) {
    if (hasCode(thrown, "ENOENT")) return undefined;
    throw thrown;
  }
}
