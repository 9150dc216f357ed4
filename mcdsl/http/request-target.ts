import type { IncomingMessage } from "node:http";

/** Brings the target of a request into origin form, a path with its query: a client may send a whole URL as to a proxy
 * (RFC 9112, section 3.2.2). What is neither stays. */
export function useOriginForm(request: IncomingMessage): void {
  const { url = "" } = request;
  if (url.startsWith("/") || !/^https?:\/\//iu.test(url)) return;
  const parsed = URL.parse(url);
  if (parsed !== null) request.url = parsed.pathname + parsed.search;
}
