import { attribute, html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { pager } from "@metacircular/mcdsl/web/pager.ts";
import { timeElement } from "@metacircular/mcdsl/web/time-text.ts";
import type { RepositorySummary } from "../../metadata/metadata.ts";
import { repositoryPath } from "../paths.ts";
import { type RepositoryList, repositoryOrders } from "../read/repositories.ts";
import { bar, count, sizeElement, type Viewer } from "./pieces.ts";

export function repositoriesPage(list: RepositoryList, viewer: Viewer): Html {
  const { query, page } = list;
  return html`<h1>Repositories</h1>
    ${searchForm({ path: "/", label: "Search repositories", query, orders: repositoryOrders })}
    <section class="card" aria-label="Repositories">
      <p class="quiet" role="status">${summary(list)}</p>
      ${page.total === 0 ? nothing(list, viewer) : table(list, viewer)}
      ${pager(page, "/", new URLSearchParams({ q: query.search, order: query.order }))}
    </section>`;
}

/** A search and an order, for a list; without script the button sends both. */
export function searchForm(form: {
  path: string;
  label: string;
  query: { readonly search: string; readonly order: string };
  orders: Readonly<Record<string, string>>;
}): Html {
  const { path, label, query, orders } = form;
  return html`<search>
    <form class="row card" method="get" action="${path}">
      <div class="grow">
        <label for="q">${label}</label>
        <input
          type="search"
          id="q"
          name="q"
          value="${query.search}"
          maxlength="200"
          autocapitalize="none"
          spellcheck="false"
        />
      </div>
      <div>
        <label for="order">Order by</label>
        <select id="order" name="order" data-submits>
          ${Object.entries(orders).map(
            ([value, text]) =>
              html`<option value="${value}" ${attribute("selected", value === query.order)}>${text}</option>`,
          )}
        </select>
      </div>
      <button>Search</button>
    </form>
  </search>`;
}

function summary({ query, page, visible, isCut }: RepositoryList): string {
  const some = query.search === "" ? "" : `${page.total} of `;
  const repositories = visible === 1 ? "1 repository" : `${visible} repositories`;
  return `${some}${repositories}${isCut ? "; there are more, which only the search of clients finds" : ""}`;
}

function nothing({ query, visible }: RepositoryList, { registryHost, isAdmin }: Viewer): Html {
  if (visible > 0) return html`<p class="empty-list">Nothing has “${query.search}” in its name.</p>`;
  return html`<div class="empty-list">
    <p>${isAdmin ? "Nothing was pushed yet." : "There is no repository that you may pull from."}</p>
    <p>A repository comes to be when something is pushed to it, with the same account:</p>
    <div class="command"><code>podman login ${registryHost}</code></div>
    <div class="command"><code>podman push localhost/app ${registryHost}/team/app:v1.0.0</code></div>
  </div>`;
}

function table({ page, largestBytes }: RepositoryList, { nowMs }: Viewer): Html {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Name</th>
        <th scope="col" class="number">Tags</th>
        <th scope="col" class="number">Size</th>
        <th scope="col">Last push</th>
        <th scope="col">Last pull</th>
      </tr>
    </thead>
    <tbody>
      ${page.items.map((repository) => row(repository, largestBytes, nowMs))}
    </tbody>
  </table>`;
}

function row(repository: RepositorySummary, largestBytes: number, nowMs: number): Html {
  const { name, tags, sizeBytes, lastPushAtMs, lastPullAtMs } = repository;
  return html`<tr>
    <td><a class="name" href="${repositoryPath(name)}">${name}</a></td>
    <td class="number" data-label="Tags">
      <span>${tags}<span class="hidden"> ${count(tags, "tag").replace(/^\d+ /, "")}</span></span>
    </td>
    <td class="number" data-label="Size">
      <span>${sizeElement(sizeBytes)}${bar(largestBytes === 0 ? 0 : sizeBytes / largestBytes)}</span>
    </td>
    <td data-label="Last push">${timeElement(lastPushAtMs, nowMs)}</td>
    <td data-label="Last pull">${timeElement(lastPullAtMs, nowMs)}</td>
  </tr>`;
}
