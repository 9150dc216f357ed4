import { type Page, pageOf } from "@metacircular/mcdsl/web/pager.ts";
import { notFound } from "@metacircular/mcdsl/web/error-page.ts";
import type { Grants } from "../../access/access.ts";
import type { Digest } from "../../digest.ts";
import type { RepositorySummary, Tag } from "../../metadata/metadata.ts";
import { type ArtifactKind, cosignTagKind } from "../image/artifact-kind.ts";
import type { Sources } from "../sources.ts";
import { contentSize } from "./content-size.ts";
import { retentionHint } from "./retention-hint.ts";
import { isDeletable, isImmutable } from "./tag-hints.ts";

export const tagOrders = { newest: "Newest", name: "Name" } as const;

export type TagOrder = keyof typeof tagOrders;

export interface TagQuery {
  readonly search: string;
  readonly order: TagOrder;
  readonly page: number;
}

export interface TagRow extends Tag {
  /** Of everything that a pull brings; of an index, of all platforms. */
  readonly sizeBytes: number;
  readonly platforms: readonly string[];
  /** Undefined: it is an image or an index. */
  readonly artifact: ArtifactKind | undefined;
  readonly isImmutable: boolean;
  /** 0: never, or not known any more. */
  readonly lastPullAtMs: number;
}

export interface RepositoryView {
  readonly summary: RepositorySummary;
  readonly quotaBytes: number | undefined;
  /** What garbage collection does with old tags here; empty: it leaves them. */
  readonly retention: string;
  readonly query: TagQuery;
  readonly page: Page<TagRow>;
  readonly isCut: boolean;
  readonly mayDelete: boolean;
}

const atOnce = 1_000;
const mostTags = 50_000;
const pageSize = 50;
const mostPulls = 1_000;

/** A repository with the part of its tags that is asked for.
 * @throws DetailedError PAGE_NOT_FOUND, also where the visitor may not pull */
export async function readRepository(
  sources: Sources,
  grants: Grants,
  name: string,
  query: TagQuery,
): Promise<RepositoryView> {
  const summary = await requireRepository(sources, grants, name);
  const tags = await allTags(sources, name);
  const wanted = query.search.toLowerCase();
  const found = tags.filter((tag) => tag.name.toLowerCase().includes(wanted));
  if (query.order === "newest") {
    found.sort((a, b) => b.updatedAtMs - a.updatedAtMs || (a.name < b.name ? 1 : -1));
  }
  const page = pageOf(found, query.page, pageSize);
  const lastPulls = new Map<string, number>();
  for (const { digest, lastAtMs } of (await sources.pulls.list(name, mostPulls)).toReversed()) {
    lastPulls.set(digest, lastAtMs);
  }
  const rows = await inBatches(page.items, async (tag): Promise<TagRow> => {
    const { sizeBytes, platforms, config, artifact } = await contentSize(sources, name, tag.digest);
    const platform = config === undefined ? "" : await sources.platforms.platformOf(name, config);
    return {
      ...tag,
      sizeBytes,
      platforms: platform === "" ? platforms : [platform],
      artifact: cosignTagKind(tag.name) ?? artifact,
      lastPullAtMs: lastPulls.get(tag.digest) ?? 0,
      isImmutable: isImmutable(sources.rules, name, tag),
    };
  });
  return {
    summary,
    quotaBytes: sources.rules.quotaBytes(name),
    retention: retentionHint(sources.rules.list("retention"), name),
    query,
    page: { ...page, items: rows },
    isCut: tags.length >= mostTags,
    mayDelete: grants.may("delete", name),
  };
}

/** @throws DetailedError PAGE_NOT_FOUND, the same where there is none and where the visitor may not pull it */
export async function requireRepository(
  { metadata }: Pick<Sources, "metadata">,
  grants: Grants,
  name: string,
): Promise<RepositorySummary> {
  const summary = grants.may("pull", name) ? await metadata.repository(name) : undefined;
  if (summary === undefined) throw notFound("there is no such repository, or you may not see it");
  return summary;
}

export function tagQuery(parameters: URLSearchParams): TagQuery {
  return {
    search: (parameters.get("q") ?? "").slice(0, 200).trim(),
    order: parameters.get("order") === "name" ? "name" : "newest",
    page: Number(parameters.get("page") ?? 1),
  };
}

/** What deleting a repository takes with it. */
export interface RepositoryRemoval {
  readonly summary: RepositorySummary;
  /** Tags that rules keep: as long as there is one, nothing goes. */
  readonly kept: readonly string[];
  readonly tags: ReadonlyMap<string, Digest>;
}

export async function readRepositoryRemoval(
  sources: Sources,
  grants: Grants,
  name: string,
): Promise<RepositoryRemoval> {
  const summary = await requireRepository(sources, grants, name);
  const tags = await allTags(sources, name);
  const kept = tags.filter((tag) => !isDeletable(sources.rules, name, tag));
  return {
    summary,
    kept: kept.map((tag) => tag.name),
    tags: new Map(tags.map((tag) => [tag.name, tag.digest])),
  };
}

/** A few at a time: each may be a question to another machine. */
async function inBatches<Item, Result>(
  items: readonly Item[],
  each: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const atATime = 8;
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += atATime) {
    results.push(...(await Promise.all(items.slice(start, start + atATime).map(each))));
  }
  return results;
}

async function allTags({ metadata }: Pick<Sources, "metadata">, name: string): Promise<Tag[]> {
  const all: Tag[] = [];
  for (;;) {
    const some = (await metadata.tags(name, { after: all.at(-1)?.name ?? "", limit: atOnce })) ?? [];
    all.push(...some);
    if (some.length < atOnce || all.length >= mostTags) return all;
  }
}
