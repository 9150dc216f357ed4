const number = "(?:0|[1-9]\\d*)";
const label = `(?:${number}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;

/** Semantic Versioning 2.0.0, with or without a `v` before it. Tags of images have no `+`: who writes build metadata
 * writes `_`, as Helm does. */
const version = new RegExp(
  `^v?${number}\\.${number}\\.${number}(?:-${label}(?:\\.${label})*)?(?:_[0-9A-Za-z.-]+)?$`,
);

/** Whether a tag of an image is a version such as `1.2.3` or `v1.2.3-rc.1`, which promises one content for ever: the
 * registry keeps it so, garbage collection can leave it alone, and a build wants a commit that bears it. */
export function isVersionTag(tag: string): boolean {
  return version.test(tag);
}
