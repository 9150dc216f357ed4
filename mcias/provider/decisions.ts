import type Provider from "oidc-provider";
import { errors, type KoaContextWithOIDC } from "oidc-provider";
import type { AccountStore } from "../accounts/account-store.ts";
import type { AnonymousRefusals } from "../audit/anonymous-refusals.ts";
import type { AuditEvent, AuditStore } from "../audit/audit-store.ts";
import { addressOf } from "../http/address.ts";
import { clientCredentialsOf } from "../http/client-credentials.ts";
import { SCOPE } from "../tokens/claims.ts";
import type { TokenStore } from "../tokens/token-store.ts";
import { DEVICE_GRANT, PASSWORD_GRANT } from "./clients.ts";
import { LoginError } from "./login-error.ts";
import type { RecordStore } from "./record-store.ts";

type LibraryToken = InstanceType<Provider["AccessToken"]> | InstanceType<Provider["ClientCredentials"]>;

/** Writes down what the OAuth library decides. */
export class TokenRecorder {
  readonly #accounts: AccountStore;
  readonly #tokens: TokenStore;
  readonly #records: RecordStore;
  readonly #audit: AuditStore;
  readonly #refusals: AnonymousRefusals;

  constructor(parts: {
    accounts: AccountStore;
    tokens: TokenStore;
    records: RecordStore;
    audit: AuditStore;
    refusals: AnonymousRefusals;
  }) {
    this.#accounts = parts.accounts;
    this.#tokens = parts.tokens;
    this.#records = parts.records;
    this.#audit = parts.audit;
    this.#refusals = parts.refusals;
  }

  /** Called before a token is signed: one that can't be recorded, and so not revoked, is never given out. */
  issued(ctx: KoaContextWithOIDC, token: LibraryToken, payload: Record<string, unknown>, kid: string): void {
    const human = token.kind === "AccessToken" ? token : undefined;
    const account = human?.accountId ?? token.clientId ?? "";
    this.#requireLiving(human?.grantId);
    payload["account_type"] = this.#accounts.require(account).kind;
    payload["scope"] = SCOPE;
    this.#tokens.add({
      jti: String(payload["jti"]),
      account,
      clientId: token.clientId ?? "",
      grantId: human?.grantId,
      kid,
      scope: SCOPE,
      issuedAtMs: Number(payload["iat"]) * 1000,
      expiresAtMs: Number(payload["exp"]) * 1000,
    });
    this.#audit.record({
      event: human?.gty.includes("refresh_token") === true ? "token-refreshed" : "token-issued",
      outcome: "ok",
      account,
      clientId: token.clientId,
      // No token is issued where the claim of the password grant was refused.
      address: textOf(ctx.oidc.params?.["client_address"]) ?? addressOf(ctx.req),
      serviceName: textOf(ctx.oidc.params?.["service_name"]),
      detail: human?.gty ?? "client_credentials",
    });
  }

  /** The login may have been revoked while this request was under way. */
  #requireLiving(grantId: string | undefined): void {
    if (grantId === undefined || this.#records.find("Grant", grantId) !== undefined) return;
    throw new errors.InvalidGrant("the login has ended");
  }

  /** Called with every error that the token and device authorization endpoints answer. */
  denied(ctx: KoaContextWithOIDC, error: errors.OIDCProviderError): void {
    if (error instanceof LoginError || isWaiting(error)) return;
    const params = ctx.oidc.params ?? {};
    const detail = [error.error, error.error_description, error.error_detail].filter(Boolean).join(": ");
    this.#refusals.record(
      {
        event: deniedEvent(ctx.oidc.route, textOf(params["grant_type"])),
        account: ctx.oidc.entities.RefreshToken?.accountId,
        clientId: textOf(params["client_id"]) ?? clientCredentialsOf(ctx.req)?.clientId,
        detail,
      },
      addressOf(ctx.req),
    );
  }
}

export function recordDenials(provider: Provider, recorder: TokenRecorder): void {
  provider.on("grant.error", (ctx, error) => recorder.denied(ctx, error));
  provider.on("device_authorization.error", (ctx, error) => recorder.denied(ctx, error));
}

/** A device that polls is not refused, it is early (RFC 8628 section 3.5). */
function isWaiting(error: errors.OIDCProviderError): boolean {
  return error instanceof errors.AuthorizationPending || error instanceof errors.SlowDown;
}

function deniedEvent(route: string, grantType: string | undefined): AuditEvent {
  if (grantType === "refresh_token") return "token-refreshed";
  if (route === "device_authorization" || grantType === DEVICE_GRANT) return "device-login";
  return grantType === PASSWORD_GRANT ? "login" : "client-login";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
