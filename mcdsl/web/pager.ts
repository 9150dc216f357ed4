import { html, type Html } from "./html.ts";

/** A part of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** From 1. */
  readonly number: number;
  readonly pages: number;
  /** Of the whole list. */
  readonly total: number;
}

/** The page of that number, or the nearest that there is. */
export function pageOf<Item>(list: readonly Item[], number: number, pageSize: number): Page<Item> {
  const pages = Math.max(1, Math.ceil(list.length / pageSize));
  const wanted = Number.isSafeInteger(number) ? Math.min(Math.max(1, number), pages) : 1;
  const items = list.slice((wanted - 1) * pageSize, wanted * pageSize);
  return { items, number: wanted, pages, total: list.length };
}

/** Links to the pages around; nothing where there is only one.
 * @param query what the links keep besides the page */
export function pager(page: Page<unknown>, path: string, query: URLSearchParams): Html {
  if (page.pages === 1) return html``;
  const link = (number: number): string => {
    const wanted = new URLSearchParams(query);
    wanted.set("page", String(number));
    return `${path}?${wanted.toString()}`;
  };
  const step = (label: string, number: number, rel: "prev" | "next") =>
    number < 1 || number > page.pages
      ? html`<span class="button" aria-disabled="true">${label}</span>`
      : html`<a class="button" rel="${rel}" href="${link(number)}">${label}</a>`;
  return html`<nav class="pager" aria-label="Pages">
    ${step("Previous", page.number - 1, "prev")}
    <span>Page ${page.number} of ${page.pages}</span>
    ${step("Next", page.number + 1, "next")}
  </nav>`;
}
