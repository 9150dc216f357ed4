import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { isVersionTag } from "@metacircular/mcp-core/version-tag.ts";

import type { SourceRevision } from "./source-revision.ts";

const shownFiles = 10;

/** Throws unless the source is what the tag promises: a release is made of a commit that bears its name, unchanged.
 * What git does not keep cannot be judged, and passes.
 * @throws DetailedError BUILD_TREE_DIRTY, BUILD_TREE_UNTAGGED */
export function assertReleasable(
  about: { image: string; tag: string; service: string; directory: string },
  revision: SourceRevision | undefined,
): void {
  const { image, tag, service, directory } = about;
  if (revision === undefined || !isVersionTag(tag)) return;
  if (revision.changed.length > 0) {
    const more = revision.changed.length - shownFiles;
    throw new DetailedError({
      code: "BUILD_TREE_DIRTY",
      category: "failed-precondition",
      attempted: "build release",
      subject: image,
      found:
        revision.changed.length === 1
          ? `1 file in ${directory} is not as it was committed`
          : `${revision.changed.length} files in ${directory} are not as they were committed`,
      remedy: "commit or remove them, build another tag such as dev-1, or add --allow-dirty",
      output: [...revision.changed.slice(0, shownFiles), ...(more > 0 ? [`and ${more} more`] : [])],
    });
  }
  if (revision.tags.some((each) => each === tag || each === `${service}/${tag}`)) return;
  const has = revision.tags.length === 0 ? "no tag" : `only ${revision.tags.join(", ")}`;
  throw new DetailedError({
    code: "BUILD_TREE_UNTAGGED",
    category: "failed-precondition",
    attempted: "build release",
    subject: image,
    found: `commit ${revision.commit.slice(0, 12)} of ${directory} bears ${has}`,
    remedy: `run \`git tag ${tag}\` (or ${service}/${tag}) there, build another tag such as dev-1, or add --allow-dirty`,
  });
}
