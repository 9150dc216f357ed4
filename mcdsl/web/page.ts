import type { Assets } from "./assets.ts";
import { attribute, type Content, html, type Html } from "./html.ts";
import type { Flash } from "./sessions.ts";

export interface NavigationLink {
  readonly path: string;
  readonly label: string;
}

/** What all pages of a service have in common. */
export interface Frame {
  /** Short, e.g. `MCR`. */
  readonly service: string;
  /** What it is, e.g. the name under which it is reached. */
  readonly subtitle: string;
  readonly assets: Assets;
  /** Names of assets. */
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
  readonly navigation: readonly NavigationLink[];
  /** Undefined: nobody is logged in. */
  readonly user: { readonly name: string; readonly formToken: string } | undefined;
  readonly flash: Flash | undefined;
}

/** A whole page.
 * @param current path of the navigation link that it belongs to */
export function pageIn(frame: Frame, page: { title: string; current?: string; content: Content }): Html {
  const { assets } = frame;
  return html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${page.title} - ${frame.service}</title>
      ${frame.styles.map((name) => html`<link rel="stylesheet" href="${assets.path(name)}" />`)}
      <link rel="icon" type="image/svg+xml" href="${assets.path("icon.svg")}" />
      ${frame.scripts.map((name) => html`<script src="${assets.path(name)}" defer></script>`)}
    </head>
    <body>
      <a class="skip" href="#content">Skip to the content</a>
      <header class="top">
        <div class="bounds">
          <a class="brand" href="/"
            ><img src="${assets.path("icon.svg")}" alt="" width="28" height="28" />
            <span><strong>${frame.service}</strong> <span class="quiet">${frame.subtitle}</span></span></a
          >
          ${navigation(frame.navigation, page.current)} ${account(frame.user)}
        </div>
      </header>
      <main id="content" class="bounds" tabindex="-1">${flash(frame.flash)} ${page.content}</main>
    </body>
  </html>`;
}

function navigation(links: readonly NavigationLink[], current: string | undefined): Content {
  if (links.length === 0) return undefined;
  return html`<nav aria-label="Main">
    ${links.map(
      ({ path, label }) =>
        html`<a href="${path}" ${attribute("aria-current", path === current && "page")}>${label}</a>`,
    )}
  </nav>`;
}

function account(user: Frame["user"]): Content {
  if (user === undefined) return undefined;
  return html`<form class="account" method="post" action="/logout">
    ${formToken(user.formToken)}
    <span class="user">${user.name}</span>
    <button class="small">Log out</button>
  </form>`;
}

function flash(message: Flash | undefined): Content {
  return message === undefined ? undefined : notice(message.kind, message.text);
}

/** A message above the content: `problem` is read out at once. */
export function notice(kind: "done" | "problem" | "note", content: Content): Html {
  return html`<p class="notice ${kind}" role="${kind === "problem" ? "alert" : "status"}">${content}</p>`;
}

/** The hidden field that every form needs; `hasFormToken` looks at it. */
export function formToken(token: string): Html {
  return html`<input type="hidden" name="form_token" value="${token}" />`;
}
