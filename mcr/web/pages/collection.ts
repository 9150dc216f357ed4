import { html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { formToken, notice } from "@metacircular/mcdsl/web/page.ts";
import { timeElement } from "@metacircular/mcdsl/web/time-text.ts";
import type { GcItem, GcRun } from "../../gc/run.ts";
import { foreign, sizeElement, type Viewer } from "./pieces.ts";

const stateTexts: Readonly<Record<GcRun["state"], string>> = {
  running: "runs",
  succeeded: "done",
  failed: "failed",
  cancelled: "cancelled",
  interrupted: "interrupted by a stop of the server",
};

const kindTexts: Readonly<Record<GcItem["kind"], string>> = {
  tag: "Tag",
  manifest: "Manifest",
  link: "Layer of the repository",
  blob: "Layer in the store",
  "missing-blob": "Missing in the store",
};

/** A part of what one run removed or would remove. */
export interface RunDetails {
  readonly run: GcRun;
  readonly items: readonly (GcItem & { readonly place: number })[];
  readonly hasMore: boolean;
}

/** What garbage collection did, and how to have it done. */
export function collectionPage(
  runs: readonly GcRun[],
  details: RunDetails | undefined,
  viewer: Viewer,
): Html {
  const isRunning = runs.some(({ state }) => state === "running");
  return html`<h1>Garbage collection</h1>
    <section class="card" aria-label="Begin">
      <p>
        It removes layers that nothing needs, and what rules of retention let go. Pushes and pulls go on
        meanwhile.
      </p>
      ${
        isRunning
          ? notice("note", html`One runs now. <a href="/collection">Look again</a>.`)
          : html`<div class="row">
              ${startForm("dry-run", "Try it without removing anything", viewer)}
              ${startForm("run", "Run it", viewer)}
            </div>`
      }
    </section>
    <section class="card" aria-labelledby="runs">
      <h2 id="runs">Last runs</h2>
      ${runs.length === 0 ? html`<p class="empty-list">There was none yet.</p>` : table(runs, viewer.nowMs)}
    </section>
    ${details !== undefined && detailsSection(details)}`;
}

function detailsSection({ run, items, hasMore }: RunDetails): Html {
  const next = `/collection?${new URLSearchParams({ run: String(run.id), after: String(items.at(-1)?.place ?? 0) }).toString()}#details`;
  return html`<section class="card" aria-labelledby="details">
    <h2 id="details">What run ${run.id} ${run.dryRun ? "would remove" : "removed"}</h2>
    ${
      items.length === 0
        ? html`<p class="empty-list">Nothing${run.state === "running" && " so far"}.</p>`
        : html`<table>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Repository</th>
                <th scope="col">Name</th>
                <th scope="col" class="number">Size</th>
              </tr>
            </thead>
            <tbody>
              ${items.map(
                ({ kind, repository, name, sizeBytes }) =>
                  html`<tr>
                    <td><span>${kindTexts[kind]}</span></td>
                    <td data-label="Repository">${repository}</td>
                    <td data-label="Name"><span class="digest">${name}</span></td>
                    <td class="number" data-label="Size">${sizeElement(sizeBytes)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
    ${hasMore && html`<nav class="pager" aria-label="Pages"><span></span><a class="button" rel="next" href="${next}">More</a></nav>`}
  </section>`;
}

function startForm(what: "dry-run" | "run", label: string, viewer: Viewer): Html {
  return html`<form method="post" action="/collection">
    ${formToken(viewer.formToken)}
    <button name="what" value="${what}" class="${what === "run" ? "danger" : "primary"}">${label}</button>
  </form>`;
}

function table(runs: readonly GcRun[], nowMs: number): Html {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Began</th>
        <th scope="col">By</th>
        <th scope="col">Outcome</th>
        <th scope="col" class="number">Tags</th>
        <th scope="col" class="number">Manifests</th>
        <th scope="col" class="number">Layers</th>
        <th scope="col" class="number">Size</th>
      </tr>
    </thead>
    <tbody>
      ${runs.map((run) => row(run, nowMs))}
    </tbody>
  </table>`;
}

function row(run: GcRun, nowMs: number): Html {
  const failed = run.state === "failed" || run.state === "interrupted";
  return html`<tr>
    <td data-label="Began">
      <span><a href="/collection?run=${run.id}#details">${timeElement(run.startedAtMs, nowMs)}</a></span>
    </td>
    <td data-label="By"><span>${foreign(run.by)}</span></td>
    <td data-label="Outcome">
      <span>
        <span class="chip ${failed ? "bad" : "strong"}">${stateTexts[run.state]}</span>
        ${run.dryRun && html`<span class="chip">dry run</span>`}
        ${run.endedAtMs > 0 && html`<span class="quiet">after ${Math.max(0, run.endedAtMs - run.startedAtMs)} ms</span>`}
        ${run.error !== "" && html`<br />${foreign(run.error)}`}
      </span>
    </td>
    <td class="number" data-label="Tags">${run.tags}</td>
    <td class="number" data-label="Manifests">${run.manifests}</td>
    <td class="number" data-label="Layers">${run.blobs}</td>
    <td class="number" data-label="Size">${sizeElement(run.bytes)}</td>
  </tr>`;
}
