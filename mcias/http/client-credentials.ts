import type { IncomingMessage } from "node:http";

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** `client_secret_basic` of RFC 6749 section 2.3.1: both parts are form-encoded before base64. */
export function clientCredentialsOf(request: IncomingMessage): ClientCredentials | undefined {
  const encoded = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon === -1) return undefined;
  try {
    return {
      clientId: formDecoded(pair.slice(0, colon)),
      clientSecret: formDecoded(pair.slice(colon + 1)),
    };
  } catch (thrown) {
    if (thrown instanceof URIError) return undefined;
    throw thrown;
  }
}

/** RFC 6750 section 2.1. */
export function bearerTokenOf(request: IncomingMessage): string | undefined {
  return /^bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(request.headers.authorization ?? "")?.[1];
}

function formDecoded(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}
