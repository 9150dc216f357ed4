import type { ServerResponse } from "node:http";
import type { HttpError } from "./http-error.ts";

/** On every answer, also those of the OAuth library. */
export function setSecurityHeaders(response: ServerResponse): void {
  response.setHeader("strict-transport-security", "max-age=31536000");
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  response.setHeader("cache-control", "no-store");
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, "application/json", JSON.stringify(body));
}

export function sendHtml(response: ServerResponse, status: number, html: string): void {
  send(response, status, "text/html; charset=utf-8", html);
}

export function sendError(response: ServerResponse, error: HttpError): void {
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  sendJson(response, error.status, { error: error.error, error_description: error.message });
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
