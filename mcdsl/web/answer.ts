import type { ServerResponse } from "node:http";
import type { Html } from "./html.ts";

/** Only our own files; no frame, no plug-in, no inline script or style. */
const contentPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": contentPolicy,
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // The origin has to be in our own forms, where an older browser has nothing else to show that they are ours.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
};

/** Sets what every answer to a browser has. */
export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
}

/** Sends a page that nobody keeps. It is not compressed: what a page says and what somebody can have it say are side by
 * side with the secret of its forms, and the size would tell of it (BREACH). */
export function sendPage(response: ServerResponse, status: number, page: Html, withBody = true): void {
  const text = `<!doctype html>\n${page.toString()}\n`;
  setSecurityHeaders(response);
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  response.end(withBody ? text : undefined);
}

/** Has the browser get another page (303), such as after a form.
 * @param path on this host; what came from outside has to go through `localPath` */
export function redirect(response: ServerResponse, path: string): void {
  setSecurityHeaders(response);
  response.writeHead(303, { location: path, "cache-control": "no-store", "content-length": 0 });
  response.end();
}
