import type { RevisionInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

type Revision = Pick<RevisionInfo, "spec" | "digests">;

/** Enough to tell images apart, and short enough to read. */
const shownDigest = "sha256:".length + 12;

/** The images of a revision by component; with the beginning of the digest where one of the other revisions has another
 * image by the same reference, as of a tag that was built anew. Pure. */
export function revisionImages(
  { spec, digests }: Revision,
  others: readonly Revision[],
): { readonly component: string; readonly image: string }[] {
  return (spec?.components ?? []).map(({ name, image }) => {
    const digest = digests[name] ?? "";
    const isOpen = others.some(({ spec: other, digests: theirs }) =>
      (other?.components ?? []).some((each) => each.image === image && (theirs[each.name] ?? "") !== digest),
    );
    const isTold = digest === "" || image.includes("@") || !isOpen;
    return { component: name, image: isTold ? image : `${image} (${digest.slice(0, shownDigest)})` };
  });
}
