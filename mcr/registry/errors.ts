import { DetailedError } from "@metacircular/mcdsl/errors.ts";

export function blobUnknown(repository: string, digest: string): DetailedError {
  return new DetailedError({
    code: "BLOB_UNKNOWN",
    category: "not-found",
    attempted: "find blob",
    subject: `${repository}@${digest}`,
    found: "the repository does not hold it",
    remedy: "push it to this repository first",
  });
}

export function manifestUnknown(repository: string, reference: string): DetailedError {
  return new DetailedError({
    code: "MANIFEST_UNKNOWN",
    category: "not-found",
    attempted: "find image",
    subject: reference.includes(":") ? `${repository}@${reference}` : `${repository}:${reference}`,
    found: "the repository has no such tag or manifest",
    remedy: "check the name, or push the image first",
  });
}

export function repositoryUnknown(repository: string): DetailedError {
  return new DetailedError({
    code: "REPOSITORY_UNKNOWN",
    category: "not-found",
    attempted: "find repository",
    subject: repository,
    found: "nothing was ever pushed to it",
    remedy: "check the name, or push an image first",
  });
}

export function manifestDigestMismatch(named: string, actual: string): DetailedError {
  return new DetailedError({
    code: "DIGEST_MISMATCH",
    category: "invalid-argument",
    attempted: "take the manifest",
    subject: named,
    found: `the content that came has the digest ${actual}`,
    remedy: "push it again under its own digest",
    facts: { found: actual },
  });
}
