import { ociIndex } from "../manifest/media-types.ts";
import type { Referrer } from "../metadata/metadata.ts";
import type { Registry } from "../registry/registry.ts";
import { type Answer, jsonAnswer } from "./answer.ts";
import { requireDigest } from "./checked.ts";
import type { Exchange } from "./exchange.ts";
import { nextLink, parsePage } from "./page.ts";
import type { Route } from "./route.ts";

const maxTags = 10_000;
const maxRepositories = 1_000;
const repositoriesAtOnce = 1_000;

/** Section "Listing Tags". */
export async function listTags(
  { repository }: Extract<Route, { kind: "tags" }>,
  { registry, query }: Exchange,
): Promise<Answer> {
  const { limit: asked, after } = parsePage(query);
  const limit = Math.min(asked ?? maxTags, maxTags);
  const found = await registry.tags(repository, { after, limit: limit + 1 });
  const tags = found.slice(0, limit);
  const link =
    found.length > limit && limit > 0
      ? nextLink(`/v2/${repository}/tags/list`, {
          n: asked === undefined ? undefined : String(limit),
          last: tags.at(-1),
        })
      : {};
  return jsonAnswer(200, { name: repository, tags }, link);
}

/** Docker's list of repositories: of those that the caller may know of. */
export async function listRepositories(_: Route, { registry, query, grants }: Exchange): Promise<Answer> {
  const { limit: asked, after } = parsePage(query);
  const limit = Math.min(asked ?? maxRepositories, maxRepositories);
  const found =
    limit === 0 ? [] : await visibleRepositories(registry, (name) => grants.lists(name), after, limit + 1);
  const repositories = found.slice(0, limit);
  const link =
    found.length > limit ? nextLink("/v2/_catalog", { n: String(limit), last: repositories.at(-1) }) : {};
  return jsonAnswer(200, { repositories }, link);
}

/** As many as were asked for, however many are passed over. */
async function visibleRepositories(
  registry: Registry,
  isVisible: (name: string) => boolean,
  after: string,
  limit: number,
): Promise<readonly string[]> {
  const visible: string[] = [];
  for (let last = after; visible.length < limit;) {
    const names = await registry.repositories({ after: last, limit: repositoriesAtOnce });
    visible.push(...names.filter(isVisible));
    if (names.length < repositoriesAtOnce) break;
    last = names.at(-1) ?? last;
  }
  return visible.slice(0, limit);
}

const maxReferrers = 1_000;
const referrersAtOnce = 100;
/** No index is larger: clients need not take more. */
const maxReferrersBytes = 4 * 1024 * 1024;
/** For what is around the list. */
const frameBytes = 200;

/** Section "Listing Referrers": an image index of what has the manifest as its subject. Where there is no such manifest,
 * or no such repository, it is empty. */
export async function listReferrers(
  { repository, digest }: Extract<Route, { kind: "referrers" }>,
  { registry, query }: Exchange,
): Promise<Answer> {
  const subject = requireDigest(digest);
  const { limit: asked, after } = parsePage(query);
  const artifactType = query.get("artifactType") || undefined;
  const most = Math.min(asked ?? maxReferrers, maxReferrers);
  const manifests: object[] = [];
  let sizeBytes = frameBytes;
  let last = after;
  let isMore = most > 0;
  while (isMore) {
    const page = {
      after: last,
      limit: referrersAtOnce,
      ...(artifactType === undefined ? {} : { artifactType }),
    };
    const found = await registry.referrers(repository, subject, page);
    isMore = found.length > 0;
    for (const referrer of found) {
      const descriptor = descriptorOf(referrer);
      sizeBytes += Buffer.byteLength(JSON.stringify(descriptor)) + 1;
      if (manifests.length >= most || (sizeBytes > maxReferrersBytes && manifests.length > 0))
        return answer({ last, n: asked === undefined ? undefined : String(most), artifactType });
      manifests.push(descriptor);
      last = referrer.digest;
    }
  }
  return answer(undefined);

  function answer(next: Parameters<typeof nextLink>[1] | undefined): Answer {
    return jsonAnswer(
      200,
      { schemaVersion: 2, mediaType: ociIndex, manifests },
      {
        "content-type": ociIndex,
        ...(artifactType === undefined ? {} : { "oci-filters-applied": "artifactType" }),
        ...(next === undefined ? {} : nextLink(`/v2/${repository}/referrers/${subject}`, next)),
      },
    );
  }
}

function descriptorOf({ mediaType, sizeBytes, digest, artifactType, annotations }: Referrer): object {
  return {
    mediaType,
    size: sizeBytes,
    digest,
    ...(artifactType === "" ? {} : { artifactType }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}
