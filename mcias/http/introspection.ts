import type { AuditStore } from "../audit/audit-store.ts";
import type { Inspection, TokenInspector } from "../tokens/inspect.ts";
import { AUDIENCE } from "../tokens/claims.ts";
import { addressOf } from "./address.ts";
import type { Callers } from "./caller.ts";
import { readForm } from "./form-body.ts";
import { HttpError } from "./http-error.ts";
import { sendJson } from "./respond.ts";
import type { Handler } from "./router.ts";

/** RFC 7662. The library's own endpoint knows nothing of JWT access tokens, hence this one. */
export function introspectionHandler(parts: {
  callers: Callers;
  inspector: TokenInspector;
  audit: AuditStore;
  issuer: string;
}): Handler {
  return async (request, response) => {
    const form = await readForm(request);
    const caller = await parts.callers.requireSystemAccount(request, form, "token-introspected");
    const token = form.get("token");
    if (token === undefined) throw new HttpError(400, "invalid_request", "token is required");
    const inspection = await parts.inspector.inspect(token);
    if (!inspection.active) {
      parts.audit.record({
        event: "token-introspected",
        outcome: "denied",
        account: inspection.token?.account,
        actor: caller,
        address: addressOf(request),
        detail: inspection.reason,
      });
    }
    sendJson(response, 200, introspectionAnswer(inspection, parts.issuer));
  };
}

/** An inactive token gets no reason (RFC 7662 section 2.2). */
export function introspectionAnswer(inspection: Inspection, issuer: string): object {
  if (!inspection.active) return { active: false };
  const { token, account } = inspection;
  return {
    active: true,
    sub: account.name,
    username: account.name,
    account_type: account.kind,
    roles: account.roles,
    client_id: token.clientId,
    scope: token.scope,
    token_type: "Bearer",
    iss: issuer,
    aud: AUDIENCE,
    jti: token.jti,
    iat: Math.floor(token.issuedAtMs / 1000),
    exp: Math.floor(token.expiresAtMs / 1000),
  };
}
