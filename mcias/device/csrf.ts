import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const COOKIE = "__Host-mcias-form";

/**
 * Ties a form to the browser that it was shown to: the form carries an HMAC of a random cookie
 * (signed double submit). The key lives as long as the process; an older form is shown again.
 */
export class FormGuard {
  readonly #key = randomBytes(32);

  /** The browser's mark; a new one, with the header that sets it, when it has none. */
  markOf(request: IncomingMessage): { mark: string; setCookie: string | undefined } {
    const known = cookieOf(request);
    if (known !== undefined) return { mark: known, setCookie: undefined };
    const mark = randomBytes(24).toString("base64url");
    return { mark, setCookie: `${COOKIE}=${mark}; Path=/; Secure; HttpOnly; SameSite=Strict` };
  }

  /** The value for the form's hidden field. */
  tokenFor(mark: string, userCode: string): string {
    return createHmac("sha256", this.#key).update(`${mark} ${userCode}`).digest("base64url");
  }

  accepts(request: IncomingMessage, userCode: string, token: string): boolean {
    const mark = cookieOf(request);
    if (mark === undefined || isCrossSite(request)) return false;
    const expected = Buffer.from(this.tokenFor(mark, userCode));
    const actual = Buffer.from(token);
    return actual.length === expected.length && timingSafeEqual(actual, expected);
  }
}

function cookieOf(request: IncomingMessage): string | undefined {
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const [name, value] = pair.trim().split("=", 2);
    if (name === COOKIE && value !== undefined && /^[\w-]{32}$/.test(value)) return value;
  }
  return undefined;
}

/** Browsers say it themselves; other clients send nothing. */
function isCrossSite(request: IncomingMessage): boolean {
  const site = request.headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin";
}
