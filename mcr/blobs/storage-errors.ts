import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import type { Digest } from "../digest.ts";

export function blobMissing(digest: Digest, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "BLOB_MISSING",
    category: "not-found",
    attempted: "read blob",
    subject: digest,
    found: "it is not in the blob store",
    remedy: "push the image again",
    cause,
  });
}

/** A disk that has no room, by the system or by the reserve that is kept. */
export function storageFull(attempted: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "STORAGE_FULL",
    category: "resource-exhausted",
    attempted,
    found,
    remedy: "delete images and collect garbage, or enlarge the disk of the registry, then push again",
    cause,
  });
}

export function storeUnavailable(attempted: string, subject: string, cause: unknown): DetailedError {
  return new DetailedError({
    code: "BLOB_STORE_UNAVAILABLE",
    category: "unavailable",
    attempted,
    subject,
    found: messageOf(cause),
    remedy: "look at the health, the rights and the settings of the registry's storage, then try again",
    cause,
  });
}

/** What a failed call of the file system means for a caller. An abort and what is explained already stay as they are. */
export function storageFailure(attempted: string, subject: string, thrown: unknown): unknown {
  if (thrown instanceof DetailedError || isAbort(thrown)) return thrown;
  return hasCode(thrown, "ENOSPC", "EDQUOT", "EFBIG")
    ? storageFull(attempted, messageOf(thrown), thrown)
    : storeUnavailable(attempted, subject, thrown);
}

export function hasCode(thrown: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(systemCodeOf(thrown));
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "AbortError";
}
