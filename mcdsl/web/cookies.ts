import type { IncomingMessage } from "node:http";

/** The value of a cookie, where it is one that this program could have set; undefined otherwise. */
export function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name && value !== undefined && /^[\w-]{16,64}$/.test(value)) return value;
  }
  return undefined;
}

/** The header that sets a cookie of this host alone (`__Host-`, RFC 6265bis section 4.1.3.2), for no script, and for as long
 * as the browser runs. `Strict` is not sent where somebody follows a link from another site. */
export function cookieHeader(name: `__Host-${string}`, value: string, sameSite: "Strict" | "Lax"): string {
  return `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${sameSite}`;
}

/** The header that has the browser forget it. */
export function forgetCookieHeader(name: `__Host-${string}`): string {
  return `${name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`;
}
