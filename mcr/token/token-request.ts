import type { IncomingMessage } from "node:http";
import { tokenInvalid } from "@metacircular/mcdsl/auth/token-errors.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { readBody } from "@metacircular/mcdsl/rest/body.ts";
import { basicCredentials, type Credentials, credentialsOf } from "./credentials.ts";

const MAX_BODY_BYTES = 16 * 1024;

/** A request for a token, in either form. */
export interface TokenRequest {
  readonly credentials: Credentials;
  /** As sent; several. */
  readonly scopes: readonly string[];
  /** Undefined: not said. */
  readonly service: string | undefined;
}

/** GET with basic authentication (Docker's token authentication specification), or POST of a form (its "Token
 * authentication with OAuth2"). A refresh token is a token of the identity service: we give out none of our own.
 * @throws DetailedError REQUEST_INVALID, REQUEST_TOO_LARGE, TOKEN_INVALID */
export async function readTokenRequest(request: IncomingMessage): Promise<TokenRequest> {
  return request.method === "POST"
    ? fromForm(await formOf(request))
    : fromQuery(request.url ?? "", request.headers.authorization);
}

function fromQuery(url: string, authorization: string | undefined): TokenRequest {
  const credentials = basicCredentials(authorization);
  if (credentials === undefined) throw tokenInvalid("the authorization is not a user name and a password");
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1 || url.length));
  return { credentials, scopes: query.getAll("scope"), service: query.get("service") ?? undefined };
}

function fromForm(form: URLSearchParams): TokenRequest {
  const field = (name: string): string => form.get(name) ?? "";
  const common = { scopes: form.getAll("scope"), service: form.get("service") ?? undefined };
  switch (field("grant_type")) {
    case "password":
      return { ...common, credentials: credentialsOf(field("username"), field("password")) };
    case "refresh_token":
      return { ...common, credentials: { kind: "token", username: "", token: field("refresh_token") } };
    default:
      throw invalid("its grant_type is neither password nor refresh_token");
  }
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  const body = await readBody(request, MAX_BODY_BYTES);
  if (type !== "application/x-www-form-urlencoded") throw invalid("its body is not a form");
  return new URLSearchParams(body.toString("utf8"));
}

export function invalid(found: string): DetailedError {
  return new DetailedError({
    code: "REQUEST_INVALID",
    category: "invalid-argument",
    attempted: "read the request for a token",
    found,
    remedy: "ask as the token authentication specification says",
  });
}
