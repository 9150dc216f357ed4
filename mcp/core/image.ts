/** An image reference taken apart: `registry/repository:tag@digest`. */
export interface ImageReference {
  /** `host[:port]`; empty where the reference names none. */
  readonly registry: string;
  /** Path below the registry, e.g. `team/hello`. */
  readonly repository: string;
  /** Empty where the reference has none. */
  readonly tag: string;
  /** `sha256:…`; empty where the reference has none. */
  readonly digest: string;
}

// The grammar of github.com/distribution/reference.
const hostPattern =
  /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::\d{1,5})?$/;
const pathPartPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}$/;

/** Longest `registry/repository` that registries accept. */
const longestName = 255;

/** Takes a reference apart, or returns undefined where it breaks the grammar. */
export function parseImageReference(text: string): ImageReference | undefined {
  const at = text.indexOf("@");
  const digest = at < 0 ? "" : text.slice(at + 1);
  const beforeDigest = at < 0 ? text : text.slice(0, at);
  const colon = beforeDigest.indexOf(":", beforeDigest.lastIndexOf("/") + 1);
  const tag = colon < 0 ? "" : beforeDigest.slice(colon + 1);
  const name = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon);
  if (at >= 0 && !isDigest(digest)) return undefined;
  if (colon >= 0 && !tagPattern.test(tag)) return undefined;
  if (name.length > longestName) return undefined;
  const { registry, repository } = splitName(name);
  if (registry !== "" && !hostPattern.test(registry)) return undefined;
  if (!repository.split("/").every((part) => pathPartPattern.test(part))) return undefined;
  return { registry, repository, tag, digest };
}

/** The reference as text. Inverse of `parseImageReference`. */
export function formatImageReference(reference: ImageReference): string {
  const registry = reference.registry === "" ? "" : `${reference.registry}/`;
  const tag = reference.tag === "" ? "" : `:${reference.tag}`;
  const digest = reference.digest === "" ? "" : `@${reference.digest}`;
  return `${registry}${reference.repository}${tag}${digest}`;
}

/** The name that `[build.images]` uses: the last part of the repository. */
export function imageName(image: string): string {
  return image.slice(image.lastIndexOf("/") + 1).replace(/[:@].*$/s, "");
}

/** Version that an image stands for: its tag; empty where it has none or is no reference. */
export function versionOf(image: string): string {
  return parseImageReference(image)?.tag ?? "";
}

/** Why an image cannot be deployed, or undefined: it must be a full reference with a tag that says which
 * version it is. */
export function imageProblem(image: string): string | undefined {
  const quoted = JSON.stringify(image);
  const reference = parseImageReference(image);
  if (reference === undefined) {
    return `image ${quoted} is not an image reference (write registry/repository:tag, e.g. "mcr.example.net/hello:v1.0.0")`;
  }
  if (reference.tag === "") {
    return `image ${quoted} has no tag (add an explicit version, e.g. ":v1.0.0")`;
  }
  if (reference.tag === "latest") {
    return `image ${quoted} uses the tag "latest", which says nothing about the version (use an explicit one, e.g. ":v1.0.0")`;
  }
  if (reference.registry === "") {
    return `image ${quoted} names no registry (write it in full, e.g. "docker.io/library/${image}", or "localhost/${image}" for one built on the node)`;
  }
  return undefined;
}

function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  if (slash < 0) return { registry: "", repository: name };
  const first = name.slice(0, slash);
  const isHost = first.includes(".") || first.includes(":") || first === "localhost" || /[A-Z]/.test(first);
  return isHost ? { registry: first, repository: name.slice(slash + 1) } : { registry: "", repository: name };
}

function isDigest(digest: string): boolean {
  if (!digestPattern.test(digest)) return false;
  return !digest.startsWith("sha256:") || digest.length === "sha256:".length + 64;
}
