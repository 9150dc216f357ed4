import { type Page, pageOf } from "@metacircular/mcdsl/web/pager.ts";
import type { Grants } from "../../access/access.ts";
import type { RepositorySummary } from "../../metadata/metadata.ts";
import type { Sources } from "../sources.ts";

export const repositoryOrders = {
  name: "Name",
  size: "Size",
  tags: "Tags",
  push: "Last push",
  pull: "Last pull",
} as const;

export type RepositoryOrder = keyof typeof repositoryOrders;

/** What a visitor asks of the list. */
export interface RepositoryQuery {
  readonly search: string;
  readonly order: RepositoryOrder;
  readonly page: number;
}

export interface RepositoryList {
  readonly query: RepositoryQuery;
  readonly page: Page<RepositorySummary>;
  /** Of all that the visitor may see, whatever is searched. */
  readonly visible: number;
  readonly largestBytes: number;
  /** There are more repositories than are looked at. */
  readonly isCut: boolean;
}

const atOnce = 1_000;
const mostRepositories = 20_000;
const pageSize = 50;

/** The part of the list that is asked for, of what may be pulled. */
export async function readRepositories(
  { metadata }: Pick<Sources, "metadata">,
  grants: Grants,
  query: RepositoryQuery,
): Promise<RepositoryList> {
  const all: RepositorySummary[] = [];
  let after = "";
  let seen = 0;
  for (;;) {
    const some = await metadata.summaries({ after, limit: atOnce });
    all.push(...some.filter(({ name }) => grants.may("pull", name)));
    seen += some.length;
    after = some.at(-1)?.name ?? "";
    if (some.length < atOnce || seen >= mostRepositories) break;
  }
  const wanted = query.search.toLowerCase();
  const found = all.filter(({ name }) => name.includes(wanted)).toSorted(comparison(query.order));
  return {
    query,
    page: pageOf(found, query.page, pageSize),
    visible: all.length,
    largestBytes: found.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0),
    isCut: seen >= mostRepositories,
  };
}

export function repositoryQuery(parameters: URLSearchParams): RepositoryQuery {
  const order = parameters.get("order") ?? "";
  return {
    search: (parameters.get("q") ?? "").slice(0, 200).trim(),
    order: Object.hasOwn(repositoryOrders, order) ? (order as RepositoryOrder) : "name",
    page: Number(parameters.get("page") ?? 1),
  };
}

type Comparison = (a: RepositorySummary, b: RepositorySummary) => number;

/** Names from the first, all else from the most. */
function comparison(order: RepositoryOrder): Comparison {
  const byName: Comparison = (a, b) => (a.name < b.name ? -1 : Number(a.name > b.name));
  const most =
    (value: (summary: RepositorySummary) => number): Comparison =>
    (a, b) =>
      value(b) - value(a) || byName(a, b);
  switch (order) {
    case "name":
      return byName;
    case "size":
      return most(({ sizeBytes }) => sizeBytes);
    case "tags":
      return most(({ tags }) => tags);
    case "push":
      return most(({ lastPushAtMs }) => lastPushAtMs);
    case "pull":
      return most(({ lastPullAtMs }) => lastPullAtMs);
  }
}
