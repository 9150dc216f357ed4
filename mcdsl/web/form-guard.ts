import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { cookieHeader, cookieOf } from "./cookies.ts";

/** Ties a form to the browser that it was shown to, where there is no session yet: the form carries an HMAC of a
 * random cookie (signed double submit). The key lives as long as the process; an older form is shown again. */
export class FormGuard {
  readonly #key = randomBytes(32);
  readonly #cookie: `__Host-${string}`;

  constructor(cookie: `__Host-${string}`) {
    this.#cookie = cookie;
  }

  /** The browser's mark; a new one, with the header that sets it, when it has none. */
  markOf(request: IncomingMessage): { mark: string; setCookie: string | undefined } {
    const known = cookieOf(request, this.#cookie);
    if (known !== undefined) return { mark: known, setCookie: undefined };
    const mark = randomBytes(24).toString("base64url");
    return { mark, setCookie: cookieHeader(this.#cookie, mark, "Strict") };
  }

  /** The value for the form's hidden field.
   * @param subject what the form is about; a token for another one is refused */
  tokenFor(mark: string, subject: string): string {
    return createHmac("sha256", this.#key).update(`${mark} ${subject}`).digest("base64url");
  }

  accepts(request: IncomingMessage, subject: string, token: string): boolean {
    const mark = cookieOf(request, this.#cookie);
    if (mark === undefined || isCrossSite(request)) return false;
    return sameSecret(this.tokenFor(mark, subject), token);
  }
}

/** Compares without telling by the time it takes. */
export function sameSecret(expected: string, given: string): boolean {
  const expectedBytes = Buffer.from(expected);
  const givenBytes = Buffer.from(given);
  return expectedBytes.length === givenBytes.length && timingSafeEqual(expectedBytes, givenBytes);
}

/** Browsers say it themselves; other clients send nothing. */
function isCrossSite(request: IncomingMessage): boolean {
  const site = request.headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin";
}
