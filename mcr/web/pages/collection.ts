import { html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { formToken, notice } from "@metacircular/mcdsl/web/page.ts";
import { timeElement } from "@metacircular/mcdsl/web/time-text.ts";
import type { CollectionRun } from "../sources.ts";
import { foreign, sizeElement, type Viewer } from "./pieces.ts";

const stateTexts: Readonly<Record<CollectionRun["state"], string>> = {
  running: "runs",
  succeeded: "done",
  failed: "failed",
  cancelled: "cancelled",
  interrupted: "interrupted by a stop of the server",
};

/** What garbage collection did, and how to have it done. */
export function collectionPage(runs: readonly CollectionRun[], viewer: Viewer): Html {
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
    </section>`;
}

function startForm(what: "dry-run" | "run", label: string, viewer: Viewer): Html {
  return html`<form method="post" action="/collection">
    ${formToken(viewer.formToken)}
    <button name="what" value="${what}" class="${what === "run" ? "danger" : "primary"}">${label}</button>
  </form>`;
}

function table(runs: readonly CollectionRun[], nowMs: number): Html {
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

function row(run: CollectionRun, nowMs: number): Html {
  const failed = run.state === "failed" || run.state === "interrupted";
  return html`<tr>
    <td data-label="Began"><span>${timeElement(run.startedAtMs, nowMs)}</span></td>
    <td data-label="By"><span>${run.by === "" ? "schedule" : foreign(run.by)}</span></td>
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
