import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { z } from "zod";

const defaultLimit = 100;
const mostAtOnce = 1_000;

/** How many to answer with: 0 is the default, more than the most is the most. */
export function limitOf(wanted: number, fallback = defaultLimit, most = mostAtOnce): number {
  return wanted === 0 ? fallback : Math.min(wanted, most);
}

const schema = z.string().min(1).max(1_000);

/** What a client sends to go on behind this key. */
export function pageTokenOf(key: string): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

/** @returns the empty text for the empty token: from the beginning
 * @throws DetailedError PAGE_TOKEN_INVALID */
export function keyOf(token: string): string {
  if (token === "") return "";
  try {
    return schema.parse(JSON.parse(Buffer.from(token, "base64url").toString("utf8")));
  } catch (cause) {
    throw new DetailedError({
      code: "PAGE_TOKEN_INVALID",
      category: "invalid-argument",
      attempted: "list",
      subject: JSON.stringify(token.slice(0, 40)),
      found: "it is no page token of this server",
      remedy: "use next_page_token of the answer before, or begin anew without one",
      cause,
    });
  }
}

/** The first `limit` of what was asked for with one more, and the token of the page behind. */
export function pageOf<Item>(
  items: readonly Item[],
  limit: number,
  key: (item: Item) => string,
): { readonly page: readonly Item[]; readonly nextPageToken: string } {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  return { page, nextPageToken: items.length > limit && last !== undefined ? pageTokenOf(key(last)) : "" };
}
