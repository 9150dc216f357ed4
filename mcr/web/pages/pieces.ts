import { type Content, html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import type { Digest } from "../../digest.ts";
import { manifestPath, repositoryPath } from "../paths.ts";

/** What every page is given besides what it shows. */
export interface Viewer {
  readonly nowMs: number;
  /** For the forms. */
  readonly formToken: string;
  readonly isAdmin: boolean;
  /** Under which clients reach the registry, e.g. `mcr.example:8443`. */
  readonly registryHost: string;
}

const mostCharacters = 1_000;

/** Characters that are not seen, or turn the text around them (Unicode "Bidi_Control"). */
const deceptive =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g;

/** A text as whoever pushed an image wrote it: cut where it is too long, with what cannot be seen made visible, and without
 * an effect on what stands beside it. */
export function foreign(text: string): Html {
  const cut = text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
  const visible = cut.replaceAll(
    deceptive,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return html`<bdi>${visible}</bdi>`;
}

/** `sha256:0123456789ab`, enough for people to compare. */
export function shortDigest(digest: string): string {
  return digest.replace(/^(sha\d+:.{12}).*$/, "$1");
}

export function digestLink(repository: string, digest: Digest): Html {
  return html`<a class="digest" href="${manifestPath(repository, digest)}" title="${digest}"
    >${shortDigest(digest)}</a
  >`;
}

/** A bar that is filled to a share, 0 to 1. It says nothing that does not stand beside it as text. */
export function bar(share: number, isFull = false): Html {
  const width = Math.round(Math.min(1, Math.max(0, share)) * 1000);
  return html`<svg
    class="bar${isFull ? " full" : ""}"
    viewBox="0 0 1000 6"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    <rect class="fill" width="${width}" height="6"></rect>
  </svg>`;
}

export interface Crumb {
  readonly label: Content;
  readonly path: string;
}

/** Where a page stands. */
export function breadcrumbs(...crumbs: readonly Crumb[]): Html {
  return html`<nav aria-label="Breadcrumb">
    <ol class="crumbs">
      <li><a href="/">Repositories</a></li>
      ${crumbs.map(({ label, path }) => html`<li><a href="${path}">${label}</a></li>`)}
    </ol>
  </nav>`;
}

export function repositoryCrumb(repository: string): Crumb {
  return { label: repository, path: repositoryPath(repository) };
}

export function fact(term: string, value: Content): Html {
  return html`<div>
    <dt>${term}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** Names and values as somebody wrote them, by name. */
export function properties(values: Readonly<Record<string, string>>): Html {
  const most = 200;
  const entries = Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return html`<dl class="properties">
      ${entries.slice(0, most).map(
        ([name, value]) =>
          html`<dt>${foreign(name)}</dt>
            <dd>${valueOf(value)}</dd>`,
      )}
    </dl>
    ${entries.length > most && html`<p class="quiet">and ${entries.length - most} more</p>`}`;
}

/** A link where it is an https address and looks like what it is. */
function valueOf(value: string): Content {
  const url = value.length < 500 && /^https:\/\/[\w./?&=%#:+~-]+$/.test(value) ? URL.parse(value) : null;
  if (url?.username !== "" || url.password !== "") return foreign(value);
  return html`<a href="${value}" rel="noreferrer nofollow">${value}</a>`;
}

export function sizeElement(sizeBytes: number): Html {
  return html`<span title="${sizeBytes} bytes">${sizeText(sizeBytes)}</span>`;
}

/** `1 tag`, `3 tags`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
