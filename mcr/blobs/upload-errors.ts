import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Digest } from "../digest.ts";

export function uploadUnknown(id: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "UPLOAD_UNKNOWN",
    category: "not-found",
    attempted: "continue upload",
    subject: id,
    found:
      "the repository has no such upload here; it is complete, was cancelled, nobody used it for too long, or it is at another server",
    remedy: "begin a new upload",
    cause,
  });
}

export function uploadBusy(id: string, found: string): DetailedError {
  return new DetailedError({
    code: "UPLOAD_BUSY",
    category: "aborted",
    attempted: "continue upload",
    subject: id,
    found,
    remedy: "wait until that request has ended, then ask for the state of the upload",
  });
}

export function uploadOutOfOrder(id: string, sizeBytes: number, found: string): DetailedError {
  return new DetailedError({
    code: "UPLOAD_OUT_OF_ORDER",
    category: "failed-precondition",
    attempted: "continue upload",
    subject: id,
    found,
    remedy: `send what follows the first ${sizeBytes} bytes`,
    facts: { sizeBytes: String(sizeBytes) },
  });
}

export function uploadCutShort(id: string, sizeBytes: number, cause: unknown): DetailedError {
  return new DetailedError({
    code: "UPLOAD_CUT_SHORT",
    category: "aborted",
    attempted: "continue upload",
    subject: id,
    found: `the request broke off: ${cause === undefined ? "fewer bytes came than it said" : messageOf(cause)}`,
    remedy: `send what follows the first ${sizeBytes} bytes`,
    facts: { sizeBytes: String(sizeBytes) },
    cause,
  });
}

export function uploadTooLarge(id: string, maxBlobBytes: number): DetailedError {
  return new DetailedError({
    code: "UPLOAD_TOO_LARGE",
    category: "resource-exhausted",
    attempted: "continue upload",
    subject: id,
    found: `a blob may have ${maxBlobBytes} bytes at most`,
    remedy: "make the layer smaller, or raise the limit in the configuration of the registry",
    facts: { maxBytes: String(maxBlobBytes) },
  });
}

export function tooManyUploads(limit: number, where: string): DetailedError {
  return new DetailedError({
    code: "TOO_MANY_UPLOADS",
    category: "resource-exhausted",
    attempted: "begin an upload",
    found: `${limit} uploads ${where}, which is the limit`,
    remedy: "try again when some of them are complete or have expired",
  });
}

export function noRoomForUploads(maxBytes: number, whose: string): DetailedError {
  return new DetailedError({
    code: "NO_ROOM_FOR_UPLOADS",
    category: "resource-exhausted",
    attempted: "continue upload",
    found: `the uploads in progress ${whose} would have more than ${maxBytes} bytes together`,
    remedy: "try again when some of them are complete or were cancelled, or push fewer layers at once",
    facts: { maxBytes: String(maxBytes) },
  });
}

export function digestMismatch(expected: Digest, found: Digest): DetailedError {
  return new DetailedError({
    code: "DIGEST_MISMATCH",
    category: "invalid-argument",
    attempted: "complete upload",
    subject: expected,
    found: `the content that came has the digest ${found}`,
    remedy: "upload the blob again",
    facts: { found },
  });
}
