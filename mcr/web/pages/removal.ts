import { html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { formToken, notice } from "@metacircular/mcdsl/web/page.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import { manifestPath, repositoryPath } from "../paths.ts";
import type { ManifestRemoval } from "../read/manifest.ts";
import type { RepositoryRemoval } from "../read/tags.ts";
import { breadcrumbs, count, digestLink, repositoryCrumb, type Viewer } from "./pieces.ts";

/** Asks before a tag or a manifest goes, and says what goes with it. */
export function manifestRemovalPage(removal: ManifestRemoval, viewer: Viewer): Html {
  const { repository, tag, digest } = removal;
  const reference = tag === undefined ? digest : { tag };
  const path = manifestPath(repository, reference);
  const crumb = { label: tag ?? digest, path };
  return html`${breadcrumbs(repositoryCrumb(repository), crumb)}
    <h1>
      Delete the ${tag === undefined ? "manifest" : "tag"}
      ${tag ?? html`<span class="digest">${digest}</span>`}?
    </h1>
    <section class="card">
      ${tag === undefined ? manifestGoes(removal) : tagGoes(removal, tag)}
      ${confirmation({ path, kept: removal.kept, isIncluded: removal.includedBy.length > 0, digest, viewer })}
    </section>`;
}

function tagGoes({ repository, digest, tags }: ManifestRemoval, tag: string): Html {
  const others = tags.length - 1;
  return html`<ul class="goes">
    <li>The tag <strong>${repository}:${tag}</strong> goes. Nobody can pull by it any more.</li>
    <li>
      The manifest that it stands for, ${digestLink(repository, digest)},
      stays${
        others > 0
          ? html` and has ${count(others, "other tag")}.`
          : html` and can be pulled by its digest, until garbage collection removes what has no tag, where a
            rule says so.`
      }
    </li>
  </ul>`;
}

function manifestGoes({ repository, digest, tags, referrers, includedBy }: ManifestRemoval): Html {
  return html`<ul class="goes">
    <li>
      The manifest <span class="digest">${repository}@${digest}</span> goes. Nobody can pull it any more.
    </li>
    <li>
      ${tags.length === 0 ? "It has no tag." : html`${count(tags.length, "tag")} with it: <strong>${tags.slice(0, 50).join(", ")}${tags.length > 50 && " …"}</strong>.`}
    </li>
    ${referrers > 0 && html`<li>${referrers === 1 ? "1 signature, SBOM or the like refers" : `${referrers} signatures, SBOMs or the like refer`} to it and stay without what they are about.</li>`}
    ${includedBy.length > 0 && html`<li>These indexes name it: ${includedBy.map((index) => html`${digestLink(repository, index)} `)}. Delete them first.</li>`}
    <li>Layers that nothing else needs go with the next garbage collection.</li>
  </ul>`;
}

interface Confirmation {
  readonly path: string;
  readonly kept: readonly string[];
  readonly isIncluded: boolean;
  /** What was shown: if the tag stands for something else by then, nothing goes. */
  readonly digest: string;
  readonly viewer: Viewer;
}

function confirmation({ path, kept, isIncluded, digest, viewer }: Confirmation): Html {
  const back = html`<a class="button" href="${path}">Keep it</a>`;
  if (kept.length > 0) {
    return html`${notice("problem", html`It cannot be deleted: ${keptText(kept)}`)} ${back}`;
  }
  if (isIncluded) return html`${notice("problem", "It cannot be deleted while an index names it.")} ${back}`;
  return html`<form class="row" method="post" action="${path}/delete">
    ${formToken(viewer.formToken)}
    <input type="hidden" name="digest" value="${digest}" />
    <button class="danger">Delete</button> ${back}
  </form>`;
}

/** Asks for the name of a repository before all of it goes. */
export function repositoryRemovalPage({ summary, kept }: RepositoryRemoval, viewer: Viewer): Html {
  const { name, tags, manifests, sizeBytes } = summary;
  const path = repositoryPath(name);
  const back = html`<a class="button" href="${path}">Keep it</a>`;
  return html`${breadcrumbs(repositoryCrumb(name))}
    <h1>Delete the repository ${name}?</h1>
    <section class="card">
      <ul class="goes">
        <li>
          All of <strong>${name}</strong> goes: ${count(tags, "tag")}, ${count(manifests, "manifest")},
          ${sizeText(sizeBytes)}.
        </li>
        <li>What runs somewhere goes on, but cannot be pulled again.</li>
        <li>
          Layers that no other repository has go with the next garbage collection. There is no way back.
        </li>
      </ul>
      ${
        kept.length > 0
          ? html`${notice("problem", html`It cannot be deleted: ${keptText(kept)}`)} ${back}`
          : html`<form method="post" action="${path}/-/delete">
              ${formToken(viewer.formToken)}
              <div class="field">
                <label for="name">Type the name of the repository, <code>${name}</code></label>
                <input
                  id="name"
                  name="name"
                  required
                  autocomplete="off"
                  autocapitalize="none"
                  spellcheck="false"
                />
              </div>
              <div class="row"><button class="danger">Delete the repository</button> ${back}</div>
            </form>`
      }
    </section>`;
}

function keptText(kept: readonly string[]): string {
  const some = kept.slice(0, 10).join(", ");
  const more = kept.length > 10 ? ` and ${kept.length - 10} more` : "";
  const [noun, verb] = kept.length === 1 ? ["the tag", "is"] : ["the tags", "are"];
  return `${noun} ${some}${more} ${verb} immutable by a rule. An administrator can change the rule.`;
}
