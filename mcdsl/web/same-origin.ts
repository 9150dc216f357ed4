import type { IncomingMessage } from "node:http";

/** Whether a form comes from a page of ours. Browsers say so themselves (Fetch Metadata), older ones by the origin. Who says
 * neither is no browser that could have been tricked, but is refused too: no form of ours comes that way. */
export function isSameOrigin({ headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  const { origin, host } = headers;
  if (origin === undefined || host === undefined) return false;
  const sender = URL.parse(origin);
  return sender?.protocol === "https:" && sender.host === URL.parse(`https://${host}`)?.host;
}
