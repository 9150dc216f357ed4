import { formatImageReference, imageProblem, parseImageReference } from "./image.ts";

/** How the image of a container is called. */
export interface NamedImage {
  /** As it was named when the container was created. */
  readonly image: string;
  /** Its references now, each with a tag. */
  readonly names: readonly string[];
  /** Its references by digest: `repository@digest`. */
  readonly digests: readonly string[];
}

/** Hexadecimal digits of a digest that say which one it is. */
const shortDigest = 12;

/** References that a definition may name the image by, best first: its tag, another tag of it, its digest. By digest
 * it also has a tag, which says the version: the one it was named by, or, where that says nothing, the digest.
 * Whether a reference still stands for the image is for the runtime to say. Pure. */
export function imageReferences({ image, names, digests }: NamedImage): string[] {
  const reference = parseImageReference(image);
  const repository = reference === undefined ? "" : `${reference.registry}/${reference.repository}`;
  const sameFirst = (a: string, b: string) => Number(begins(b, repository)) - Number(begins(a, repository));
  const tagged = [image, ...names.toSorted(sameFirst)].filter((name) => imageProblem(name) === undefined);
  const pinned = digests
    .toSorted(sameFirst)
    .flatMap((digest) => withVersion(digest, begins(digest, repository) ? (reference?.tag ?? "") : "") ?? [])
    .filter((name) => imageProblem(name) === undefined);
  return [...new Set([...tagged, ...pinned])];
}

function withVersion(text: string, tag: string): string | undefined {
  const reference = parseImageReference(text);
  if (reference === undefined || reference.digest === "") return undefined;
  const [algorithm, hash = ""] = reference.digest.split(":");
  const version = tag === "" || tag === "latest" ? `${algorithm}-${hash.slice(0, shortDigest)}` : tag;
  return formatImageReference({ ...reference, tag: version });
}

function begins(name: string, repository: string): boolean {
  return name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`);
}
