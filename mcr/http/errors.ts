import { DetailedError } from "@metacircular/mcdsl/errors.ts";

function invalid(
  code: string,
  attempted: string,
  subject: string,
  found: string,
  remedy: string,
): DetailedError {
  // What a client sends goes into logs and answers: a part of it says enough.
  return new DetailedError({
    code,
    category: "invalid-argument",
    attempted,
    subject: subject.slice(0, 300),
    found,
    remedy,
  });
}

export function nameInvalid(name: string): DetailedError {
  return invalid(
    "REPOSITORY_NAME_INVALID",
    "use the repository",
    name,
    "it is no name of a repository",
    "use lower-case letters, digits, and single separators between them; at most 255 characters",
  );
}

export function tagInvalid(tag: string): DetailedError {
  return invalid(
    "TAG_INVALID",
    "use the tag",
    tag,
    "it is no tag",
    "use at most 128 letters, digits, dots, dashes and underscores, with a letter, digit or underscore first",
  );
}

export function digestInvalid(digest: string): DetailedError {
  return invalid(
    "DIGEST_INVALID",
    "use the digest",
    digest,
    "it is no sha256 or sha512 digest in lower-case hexadecimal digits",
    "name the content by such a digest",
  );
}

export function tooManyTags(max: number): DetailedError {
  return invalid(
    "TOO_MANY_TAGS",
    "take the manifest",
    "",
    `the request names more than ${max} tags`,
    "push it once more for the rest",
  );
}

export function pageInvalid(found: string): DetailedError {
  return invalid(
    "PAGE_INVALID",
    "list",
    "",
    found,
    "leave out `n` and `last`, or follow the links of the answers",
  );
}

export function contentRangeInvalid(header: string, found: string): DetailedError {
  return invalid(
    "CONTENT_RANGE_INVALID",
    "take the chunk",
    header,
    found,
    "send `Content-Range: <first>-<last>`",
  );
}

export function rangeNotSatisfiable(header: string, sizeBytes: number): DetailedError {
  return invalid(
    "RANGE_NOT_SATISFIABLE",
    "send a part of the blob",
    header,
    `it has ${sizeBytes} bytes`,
    "ask for bytes that it has",
  );
}

export function noSuchEndpoint(path: string): DetailedError {
  return new DetailedError({
    code: "PATH_NOT_FOUND",
    category: "not-found",
    attempted: "serve the request",
    subject: path.slice(0, 300),
    found: "the distribution API has nothing at this path",
    remedy: "check the name of the image",
  });
}

export function methodNotAllowed(method: string, allowed: readonly string[]): DetailedError {
  return invalid(
    "METHOD_NOT_ALLOWED",
    "serve the request",
    method.slice(0, 20),
    "this path does not know the method",
    `use ${allowed.join(", ")}`,
  );
}

export function loginNeeded(): DetailedError {
  return new DetailedError({
    code: "UNAUTHORIZED",
    category: "unauthenticated",
    attempted: "use the registry",
    found: "the request carries no token",
    remedy: "log in, for example with `podman login`",
  });
}

export function tooBusy(attempted: string): DetailedError {
  return new DetailedError({
    code: "REGISTRY_BUSY",
    category: "unavailable",
    attempted,
    found: "too many manifests are on their way at once",
    remedy: "try again in a moment",
  });
}
