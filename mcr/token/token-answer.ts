import type { ServerResponse } from "node:http";
import type { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { sendJson } from "@metacircular/mcdsl/rest/answer.ts";

const RETRY_AFTER_SECONDS = 5;

/** Status, code and the `error` of OAuth 2 (RFC 6749 section 5.2) of a refusal. Codes are those of the OCI distribution
 * specification 1.1, section "Error codes", and `UNAVAILABLE` of Docker's registry. */
type Refusal = readonly [status: number, code: string, error: string];

const refusals: Readonly<Partial<Record<DetailedError["category"], Refusal>>> = {
  "invalid-argument": [400, "UNSUPPORTED", "invalid_request"],
  unauthenticated: [401, "UNAUTHORIZED", "invalid_grant"],
  "permission-denied": [403, "DENIED", "unauthorized_client"],
  "resource-exhausted": [429, "TOOMANYREQUESTS", "temporarily_unavailable"],
};

const unavailable: Refusal = [503, "UNAVAILABLE", "temporarily_unavailable"];

/** Docker's token authentication specification, "Token response fields". */
export function sendToken(
  response: ServerResponse,
  issued: { readonly token: string; readonly expiresInSeconds: number; readonly issuedAtMs: number },
): void {
  sendJson(response, 200, {
    token: issued.token,
    access_token: issued.token,
    token_type: "Bearer",
    expires_in: issued.expiresInSeconds,
    issued_at: new Date(issued.issuedAtMs).toISOString(),
  });
}

/** In the form of the distribution specification, and in that of OAuth 2 beside it. */
export function sendTokenRefusal(response: ServerResponse, thrown: DetailedError, service: string): void {
  const [status, code, error] = refusals[thrown.category] ?? unavailable;
  if (status === 401) response.setHeader("www-authenticate", `Basic realm="${service}", charset="UTF-8"`);
  const waitSeconds = thrown.facts["retryAfterSeconds"] ?? String(RETRY_AFTER_SECONDS);
  if (status === 429 || status === 503) response.setHeader("retry-after", waitSeconds);
  const message = messageOf(thrown, status);
  const description = { error, error_description: message };
  sendJson(response, status, { errors: [{ code, message }], ...description });
}

/** Where the identity service or the database fails, a client needs to know no more than that. */
function messageOf({ found, remedy, code }: DetailedError, status: number): string {
  if (status === 503 && code !== "LOGINS_TOO_MANY") {
    return "who you are cannot be found out now; try again in a moment";
  }
  return remedy === "" ? found : `${found}; ${remedy}`;
}
