import { type Answer, contentHeaders, emptyAnswer, isKept } from "./answer.ts";
import { requireDigest, requireReference, requireTag } from "./checked.ts";
import { tooManyTags } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { invite, withIdleLimit } from "./request-body.ts";
import type { Route } from "./route.ts";

type ManifestRoute = Extract<Route, { kind: "manifest" }>;

/** The specification asks for ten at least. */
const maxTags = 50;

/** GET and HEAD, sections "Pulling manifests" and "Checking if content exists". A manifest is never converted into what
 * `Accept` asks for: its digest would be another one. */
export async function getManifest(route: ManifestRoute, exchange: Exchange): Promise<Answer> {
  const { repository, reference } = route;
  const manifest = await exchange.registry.manifest(repository, requireReference(repository, reference));
  const { digest, mediaType, content } = manifest;
  exchange.note({ digest });
  const headers = { ...contentHeaders(digest, mediaType), "cache-control": "private, no-cache" };
  if (isKept(exchange.request.headers["if-none-match"], digest)) return { status: 304, headers };
  return { status: 200, headers, body: content };
}

/** Section "Pushing Manifests". */
export async function putManifest(route: ManifestRoute, exchange: Exchange): Promise<Answer> {
  const { repository, reference } = route;
  const { request, response, registry, query } = exchange;
  const digest = reference.includes(":") ? requireDigest(reference) : undefined;
  const parameters = query.getAll("tag");
  if (parameters.length > maxTags) throw tooManyTags(maxTags);
  const tags = [...new Set([...(digest === undefined ? [reference] : []), ...parameters])].map(requireTag);
  invite(request, response);
  const by = exchange.grants.caller.name;
  const read = (): Promise<Buffer> => exchange.readManifest(request, by);
  const content = await withIdleLimit(request, exchange.idleTimeoutMs, read);
  exchange.received(content.length);
  const pushed = await registry.pushManifest({
    repository,
    digest,
    tags,
    contentType: request.headers["content-type"],
    content,
    by,
  });
  const moved = [...pushed.previous].filter(([, before]) => before !== pushed.digest);
  exchange.note({
    digest: pushed.digest,
    detail: moved.map(([tag, before]) => `${tag} was ${before}`).join(", "),
  });
  return emptyAnswer(201, {
    location: `/v2/${repository}/manifests/${pushed.digest}`,
    "docker-content-digest": pushed.digest,
    ...(pushed.subject === undefined ? {} : { "oci-subject": pushed.subject }),
    ...(parameters.length === 0 ? {} : { "oci-tag": tags }),
  });
}

/** Sections "Deleting tags" and "Deleting Manifests". As with every registry an index does not keep its images. */
export async function deleteManifest(route: ManifestRoute, exchange: Exchange): Promise<Answer> {
  const { repository } = route;
  const reference = requireReference(repository, route.reference);
  if (typeof reference === "string") {
    exchange.note({ digest: reference });
    const tags = await exchange.registry.deleteManifest(repository, reference, { evenIfInUse: true });
    if (tags.length > 0) exchange.note({ detail: `with the tags ${tags.slice(0, 20).join(", ")}` });
    return emptyAnswer(202);
  }
  const digest = await exchange.registry.deleteTag(repository, reference.tag);
  exchange.note({ digest });
  return emptyAnswer(202);
}
