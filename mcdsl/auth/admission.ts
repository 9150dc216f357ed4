import { Access } from "@metacircular/proto/gen/mcdsl/v1/api_pb.ts";
import { DetailedError } from "../errors.ts";
import type { MethodRule } from "../rest/method-rules.ts";
import { type Authorize, rejectGuests } from "./authorize.ts";
import type { Identity, TokenVerifier } from "./identity.ts";
import { tokenInvalid, tokenMissing } from "./token-errors.ts";

/** Decides whether a call may begin. `method` is the gRPC path, `authorization` the header. `identified` is told who
 * calls, also where the call is then refused; not at all where anybody may call without a token.
 * @throws DetailedError of category unauthenticated, permission-denied or unavailable */
export type Admit = (
  method: string,
  authorization: string | undefined,
  identified: (identity: Identity) => void,
  signal: AbortSignal,
) => Promise<void>;

/** Every call, also of an unknown method, must carry a bearer token that `authenticator` accepts and pass
 * `authorize`. */
export function tokenAdmission(authenticator: TokenVerifier, authorize: Authorize): Admit {
  return async (method, authorization, identified, signal) => {
    const identity = await authenticator.verify(bearerToken(authorization), signal);
    identified(identity);
    authorize(identity, method);
  };
}

/** Admits by what the description of the API says of a method (`mcdsl.v1.access`). What is not described needs a
 * token like all others.
 * @param gate asked first; throws where the service cannot serve the method now, such as while it is sealed */
export function describedAdmission(
  rules: ReadonlyMap<string, MethodRule>,
  authenticator: TokenVerifier,
  gate: (rule: MethodRule) => void = () => {},
): Admit {
  const byToken = tokenAdmission(authenticator, (identity, method) => {
    rejectGuests(identity, method);
    if (rules.get(method)?.access === Access.ADMIN) requireAdmin(identity, method);
  });
  return async (method, authorization, identified, signal) => {
    const rule = rules.get(method);
    if (rule !== undefined) gate(rule);
    if (rule?.access !== Access.PUBLIC) await byToken(method, authorization, identified, signal);
  };
}

/** @throws DetailedError PERMISSION_DENIED */
function requireAdmin(identity: Identity, method: string): void {
  if (identity.roles.includes("admin")) return;
  throw new DetailedError({
    code: "PERMISSION_DENIED",
    category: "permission-denied",
    attempted: "call",
    subject: method,
    found: `${identity.name} does not have the role admin`,
    remedy: "log in as an administrator",
  });
}

/** The token in a header (RFC 6750 section 2.1).
 * @throws DetailedError TOKEN_MISSING, TOKEN_INVALID */
export function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined) throw tokenMissing();
  const token = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw tokenInvalid("the authorization is not a bearer token");
  return token;
}
