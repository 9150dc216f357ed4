import { DetailedError } from "@metacircular/mcdsl/errors.ts";

export function manifestInvalid(found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "MANIFEST_INVALID",
    category: "invalid-argument",
    attempted: "take the manifest",
    found,
    remedy: "push it again with a client that makes OCI or docker v2 schema 2 manifests",
    cause,
  });
}

export function manifestTooLarge(maxBytes: number): DetailedError {
  return new DetailedError({
    code: "MANIFEST_TOO_LARGE",
    category: "resource-exhausted",
    attempted: "take the manifest",
    found: `it has more than ${maxBytes} bytes`,
    remedy: "move its annotations and embedded data into blobs",
    facts: { maxBytes: String(maxBytes) },
  });
}
