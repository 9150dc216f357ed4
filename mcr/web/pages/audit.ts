import { attribute, html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { timeElement, timeText } from "@metacircular/mcdsl/web/time-text.ts";
import type { AuditAction } from "../../audit/audit.ts";
import type { AuditFilter, StoredEntry } from "../../audit/audit-store.ts";
import { isRepositoryName } from "../../names.ts";
import { repositoryPath } from "../paths.ts";
import { foreign, shortDigest, type Viewer } from "./pieces.ts";

const actionTexts: Readonly<Record<AuditAction, string>> = {
  "push-manifest": "Push",
  "push-blob": "Push of a layer",
  "mount-blob": "Mount of a layer",
  "pull-manifest": "Pull",
  "delete-manifest": "Delete of a manifest",
  "delete-tag": "Delete of a tag",
  "delete-blob": "Delete of a layer",
  "delete-repository": "Delete of a repository",
  "issue-token": "Token",
  login: "Login",
  "change-rules": "Change of rules",
  "collect-garbage": "Garbage collection",
};

const outcomeTexts = { ok: "done", denied: "denied", failed: "failed" } as const;

/** What an administrator asks of the log. */
export function auditFilter(parameters: URLSearchParams): AuditFilter {
  const text = (name: string): string | undefined => parameters.get(name)?.trim().slice(0, 255) || undefined;
  const before = Number(parameters.get("before"));
  return {
    repository: text("repository"),
    account: text("account"),
    action: text("action"),
    outcome: text("outcome"),
    beforeSequence: Number.isSafeInteger(before) && before > 0 ? before : undefined,
  };
}

/** @param entries newest first
 * @param hasOlder there are more after them */
export function auditPage(
  filter: AuditFilter,
  entries: readonly StoredEntry[],
  hasOlder: boolean,
  viewer: Viewer,
): Html {
  return html`<h1>Audit</h1>
    ${filterForm(filter)}
    <section class="card" aria-label="Entries">
      ${
        entries.length === 0
          ? html`<p class="empty-list">There is no such entry.</p>`
          : html`<table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Who</th>
                  <th scope="col">What</th>
                  <th scope="col">On</th>
                  <th scope="col">Outcome</th>
                  <th scope="col">From</th>
                </tr>
              </thead>
              <tbody>
                ${entries.map((entry) => row(entry, viewer.nowMs))}
              </tbody>
            </table>`
      }
      ${hasOlder && olderLink(filter, entries.at(-1)?.sequence ?? 0)}
    </section>`;
}

function filterForm({ repository = "", account = "", action = "", outcome = "" }: AuditFilter): Html {
  const field = (name: string, label: string, value: string): Html =>
    html`<div class="grow">
      <label for="${name}">${label}</label>
      <input
        id="${name}"
        name="${name}"
        value="${value}"
        maxlength="255"
        autocapitalize="none"
        spellcheck="false"
      />
    </div>`;
  const choice = (
    name: string,
    label: string,
    chosen: string,
    texts: Readonly<Record<string, string>>,
  ): Html =>
    html`<div>
      <label for="${name}">${label}</label>
      <select id="${name}" name="${name}">
        <option value="">All</option>
        ${Object.entries(texts).map(
          ([value, text]) =>
            html`<option value="${value}" ${attribute("selected", value === chosen)}>${text}</option>`,
        )}
      </select>
    </div>`;
  return html`<search>
    <form class="row card" method="get" action="/audit">
      ${field("repository", "Repository", repository)} ${field("account", "Account", account)}
      ${choice("action", "What", action, actionTexts)} ${choice("outcome", "Outcome", outcome, outcomeTexts)}
      <button>Filter</button>
    </form>
  </search>`;
}

function olderLink({ repository, account, action, outcome }: AuditFilter, before: number): Html {
  const query = new URLSearchParams({ before: String(before) });
  for (const [name, value] of Object.entries({ repository, account, action, outcome })) {
    if (value !== undefined) query.set(name, value);
  }
  return html`<nav class="pager" aria-label="Pages">
    <span></span><a class="button" rel="next" href="/audit?${query.toString()}">Older</a>
  </nav>`;
}

function row(entry: StoredEntry, nowMs: number): Html {
  const { atMs, caller, action, repository, reference, digest, outcome, address, detail } = entry;
  const name = caller.name === "" ? "anonymous" : caller.name;
  const subject = reference === "" ? digest : reference;
  return html`<tr>
    <td class="stamp" data-label="When">
      <span>${timeElement(atMs, nowMs)} <span class="quiet number">${timeText(atMs)}</span></span>
    </td>
    <td data-label="Who">
      <span><span class="name">${foreign(name)}</span> <span class="quiet">${caller.kind}</span></span>
    </td>
    <td data-label="What">${actionTexts[action]}</td>
    <td data-label="On">
      <span
        >${isRepositoryName(repository) ? html`<a href="${repositoryPath(repository)}">${repository}</a>` : foreign(repository)}
        <span class="digest">${foreign(shortDigest(subject))}</span></span
      >
    </td>
    <td data-label="Outcome">
      <span
        >${outcome === "ok" ? outcomeTexts.ok : html`<span class="chip bad">${outcomeTexts[outcome]}</span>`}
        ${detail !== "DENIED" && html`<span class="quiet">${foreign(detail)}</span>`}</span
      >
    </td>
    <td data-label="From"><span class="mono stamp">${address}</span></td>
  </tr>`;
}
