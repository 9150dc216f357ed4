import { type Content, html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { pager } from "@metacircular/mcdsl/web/pager.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import { timeElement } from "@metacircular/mcdsl/web/time-text.ts";
import { manifestPath, repositoryPath } from "../paths.ts";
import { type RepositoryView, tagOrders, type TagRow } from "../read/tags.ts";
import { bar, breadcrumbs, digestLink, fact, foreign, sizeElement, type Viewer } from "./pieces.ts";
import { searchForm } from "./repositories.ts";

export function repositoryPage(view: RepositoryView, viewer: Viewer): Html {
  const { summary, query, page } = view;
  const path = repositoryPath(summary.name);
  return html`${breadcrumbs()}
    <h1>${summary.name}</h1>
    <section class="card" aria-label="Summary">
      <dl class="facts">
        ${fact("Tags", summary.tags)} ${fact("Manifests", summary.manifests)}
        ${fact("Size", sizeElement(summary.sizeBytes))}
        ${fact("Last push", timeElement(summary.lastPushAtMs, viewer.nowMs))}
        ${fact("Last pull", timeElement(summary.lastPullAtMs, viewer.nowMs))}
      </dl>
      ${quota(view)}
      ${view.retention !== "" && html`<p class="quiet">Garbage collection: ${view.retention}</p>`}
    </section>
    ${searchForm({ path, label: "Search tags", query, orders: tagOrders })}
    <section class="card" aria-label="Tags">
      ${
        page.total === 0
          ? html`<p class="empty-list">
              ${query.search === "" ? "There is no tag." : `No tag has “${query.search}” in its name.`}
            </p>`
          : table(view, viewer)
      }
      ${pager(page, path, new URLSearchParams({ q: query.search, order: query.order }))}
      ${view.isCut && html`<p class="quiet">There are more tags than are looked at here.</p>`}
    </section>
    ${view.mayDelete && html`<p><a class="button danger" href="${path}/-/delete">Delete the repository…</a></p>`}`;
}

function quota({ summary, quotaBytes }: RepositoryView): Content {
  if (quotaBytes === undefined) return undefined;
  const share = quotaBytes === 0 ? 1 : summary.sizeBytes / quotaBytes;
  return html`<p>
    Quota: ${sizeText(summary.sizeBytes)} of ${sizeText(quotaBytes)} (${Math.round(share * 100)} %)
    ${bar(share, share >= 0.9)}
  </p>`;
}

function table({ page, summary }: RepositoryView, viewer: Viewer): Html {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Tag</th>
        <th scope="col">Digest</th>
        <th scope="col" class="number">Size</th>
        <th scope="col">Platforms</th>
        <th scope="col">Pushed</th>
        <th scope="col">Last pull</th>
      </tr>
    </thead>
    <tbody>
      ${page.items.map((tag) => row(summary.name, tag, viewer.nowMs))}
    </tbody>
  </table>`;
}

function row(repository: string, tag: TagRow, nowMs: number): Html {
  const { name, digest, sizeBytes, updatedAtMs, updatedBy, lastPullAtMs } = tag;
  return html`<tr>
    <td>
      <span
        ><a class="name" href="${manifestPath(repository, { tag: name })}">${name}</a>
        ${immutableChip(tag.isImmutable)}</span
      >
    </td>
    <td data-label="Digest">${digestLink(repository, digest)}</td>
    <td class="number" data-label="Size">${sizeElement(sizeBytes)}</td>
    <td data-label="Platforms"><span>${platformChips(tag)}</span></td>
    <td data-label="Pushed">
      <span>${timeElement(updatedAtMs, nowMs)} <span class="quiet">by ${updatedBy}</span></span>
    </td>
    <td data-label="Last pull">${timeElement(lastPullAtMs, nowMs)}</td>
  </tr>`;
}

export function immutableChip(isImmutable: boolean): Content {
  return (
    isImmutable &&
    html`<span class="chip strong" title="A rule keeps it from standing for anything else">immutable</span>`
  );
}

function platformChips({ platforms, artifact }: TagRow): Content {
  if (artifact !== undefined && (artifact.kind !== "other" || platforms.length === 0)) {
    return html`<span class="chip ${artifact.kind}">${artifact.label}</span>`;
  }
  if (platforms.length === 0) return html`<span class="quiet">not said</span>`;
  const most = 6;
  return [
    ...platforms.slice(0, most).map((platform) => html`<span class="chip">${foreign(platform)}</span>`),
    platforms.length > most && html`<span class="quiet">and ${platforms.length - most} more</span>`,
  ];
}
