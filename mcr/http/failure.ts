import { DetailedError, type ErrorCategory } from "@metacircular/mcdsl/errors.ts";
import { type Answer, jsonAnswer } from "./answer.ts";

/** Codes of the specification, section "Error Codes", and three that docker's registry has for what it leaves out. */
export type SpecificationCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS"
  | "UNAVAILABLE"
  | "UNKNOWN";

type Meaning = readonly [status: number, code: SpecificationCode];

const byCategory: Readonly<Record<ErrorCategory, Meaning>> = {
  "invalid-argument": [400, "UNSUPPORTED"],
  unauthenticated: [401, "UNAUTHORIZED"],
  "permission-denied": [403, "DENIED"],
  "not-found": [404, "UNSUPPORTED"],
  "already-exists": [409, "DENIED"],
  "failed-precondition": [409, "DENIED"],
  aborted: [409, "DENIED"],
  "resource-exhausted": [429, "TOOMANYREQUESTS"],
  cancelled: [499, "UNKNOWN"],
  internal: [500, "UNKNOWN"],
  unavailable: [503, "UNAVAILABLE"],
  "deadline-exceeded": [504, "UNAVAILABLE"],
};

/** What a failure is in the words of the specification. Clients do not try again what is DENIED. */
const byCode: Readonly<Record<string, Meaning>> = {
  BLOB_UNKNOWN: [404, "BLOB_UNKNOWN"],
  BLOB_MISSING: [404, "BLOB_UNKNOWN"],
  // As for a registry that does not delete at all: that answer every client knows.
  BLOB_IN_USE: [405, "UNSUPPORTED"],
  MANIFEST_IN_USE: [405, "UNSUPPORTED"],
  MANIFEST_BLOB_UNKNOWN: [400, "MANIFEST_BLOB_UNKNOWN"],
  MANIFEST_INVALID: [400, "MANIFEST_INVALID"],
  MANIFEST_TOO_LARGE: [413, "SIZE_INVALID"],
  MANIFEST_UNKNOWN: [404, "MANIFEST_UNKNOWN"],
  REPOSITORY_UNKNOWN: [404, "NAME_UNKNOWN"],
  REPOSITORY_NAME_INVALID: [400, "NAME_INVALID"],
  TAG_INVALID: [400, "MANIFEST_INVALID"],
  TOO_MANY_TAGS: [414, "UNSUPPORTED"],
  DIGEST_INVALID: [400, "DIGEST_INVALID"],
  DIGEST_MISMATCH: [400, "DIGEST_INVALID"],
  UPLOAD_UNKNOWN: [404, "BLOB_UPLOAD_UNKNOWN"],
  UPLOAD_BUSY: [409, "BLOB_UPLOAD_INVALID"],
  UPLOAD_OUT_OF_ORDER: [416, "BLOB_UPLOAD_INVALID"],
  CONTENT_RANGE_INVALID: [400, "BLOB_UPLOAD_INVALID"],
  UPLOAD_CUT_SHORT: [400, "SIZE_INVALID"],
  UPLOAD_TOO_LARGE: [413, "SIZE_INVALID"],
  RANGE_NOT_SATISFIABLE: [416, "SIZE_INVALID"],
  STORAGE_FULL: [507, "UNAVAILABLE"],
  DATABASE_WRITE_FAILED: [507, "UNAVAILABLE"],
  QUOTA_EXCEEDED: [403, "DENIED"],
  TAG_IMMUTABLE: [403, "DENIED"],
  METHOD_NOT_ALLOWED: [405, "UNSUPPORTED"],
};

/** For clients that were told to come back. */
const retryAfterS = "5";

/** The failure as an answer (section "Error Codes"). `detail` has our own code and what to do; of what was not foreseen
 * nothing is told.
 * @param headers that go with it */
export function failureAnswer(thrown: unknown, headers: Answer["headers"] = {}): Answer {
  const error = explained(thrown);
  const [status, code] = byCode[error.code] ?? byCategory[error.category];
  const retry = [429, 503].includes(status) ? { "retry-after": retryAfterS } : {};
  const errors = detailsOf(error).map((detail) => ({ code, message: error.message, detail }));
  return jsonAnswer(status, { errors }, { ...retry, ...headers });
}

/** Whether it is foreseen that such a thing happens. */
export function isForeseen(thrown: unknown): boolean {
  return thrown instanceof DetailedError && thrown.category !== "internal";
}

function explained(thrown: unknown): DetailedError {
  if (thrown instanceof DetailedError) return thrown;
  return new DetailedError({
    code: "INTERNAL",
    attempted: "serve the request",
    found: "something that was not foreseen; the log of the registry says what",
    remedy: "try again, and report it",
    cause: thrown,
  });
}

/** Of missing content one for each: clients read the digest from there. */
function detailsOf(error: DetailedError): readonly Record<string, unknown>[] {
  const { code, remedy, facts } = error;
  if (code !== "MANIFEST_BLOB_UNKNOWN") return [{ code, remedy, ...facts }];
  return (facts["digests"] ?? "").split(" ").map((digest) => ({ code, remedy, digest }));
}
