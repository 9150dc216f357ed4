import type { IncomingMessage } from "node:http";

/** Brings the target of a request into origin form, a path with its query: a client may send a whole URL as to a proxy
 * (RFC 9112, section 3.2.2). What is neither stays. */
export function useOriginForm(request: IncomingMessage): void {
  const { url = "" } = request;
  if (url.startsWith("/") || !/^https?:\/\//iu.test(url)) return;
  const parsed = URL.parse(url);
  if (parsed !== null) request.url = parsed.pathname + parsed.search;
}

/** Whether it says more than once for which host it is: who passes it on may believe another one than who answers it, so
 * it has to be refused (RFC 9112, section 3.2). */
export function hasSeveralHosts({ rawHeaders }: IncomingMessage): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === "host") count += 1;
  }
  return count > 1;
}
