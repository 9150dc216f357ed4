import type { IncomingMessage } from "node:http";
import type { Account } from "../accounts/account.ts";
import { PUBLIC_CLIENT_ID } from "../client/public-client.ts";
import type { AccountStore } from "../accounts/account-store.ts";
import { clientSecretMatches } from "../accounts/client-secret.ts";
import type { AnonymousRefusals } from "../audit/anonymous-refusals.ts";
import type { AuditEvent } from "../audit/audit-store.ts";
import type { TokenInspector } from "../tokens/inspect.ts";
import { addressOf } from "./address.ts";
import { bearerTokenOf, type ClientCredentials, clientCredentialsOf } from "./client-credentials.ts";
import { HttpError } from "./http-error.ts";

type Form = ReadonlyMap<string, string>;

export interface CallerParts {
  readonly accounts: AccountStore;
  readonly inspector: TokenInspector;
  readonly refusals: AnonymousRefusals;
}

/** Finds out who asks. */
export class Callers {
  readonly #parts: CallerParts;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  /**
   * The active system account that asks, by its client secret or by a token of its own
   * (RFC 7662 section 2.1 allows both). @throws HttpError 401
   */
  async requireSystemAccount(request: IncomingMessage, form: Form, event: AuditEvent): Promise<string> {
    const account = this.#bySecret(request, form) ?? (await this.#byToken(request))?.account;
    if (account?.kind === "system") return account.name;
    throw this.#refuse(request, form, event);
  }

  /** The OAuth client that asks; the public one has nothing to prove. @throws HttpError 401 */
  async requireClient(request: IncomingMessage, form: Form, event: AuditEvent): Promise<string> {
    const anonymous = request.headers.authorization === undefined && !form.has("client_secret");
    if (anonymous && form.get("client_id") === PUBLIC_CLIENT_ID) return PUBLIC_CLIENT_ID;
    const clientId = this.#bySecret(request, form)?.name ?? (await this.#byToken(request))?.token.clientId;
    if (clientId !== undefined) return clientId;
    throw this.#refuse(request, form, event);
  }

  #bySecret(request: IncomingMessage, form: Form): Account | undefined {
    const given = credentialsIn(request, form);
    const account = given === undefined ? undefined : this.#parts.accounts.find(given.clientId);
    if (given === undefined || account === undefined || account.disabled) return undefined;
    const storedHash = this.#parts.accounts.credentials(given.clientId)?.secretHash ?? undefined;
    if (storedHash === undefined) return undefined;
    return clientSecretMatches(storedHash, given.clientSecret) ? account : undefined;
  }

  async #byToken(request: IncomingMessage) {
    const token = bearerTokenOf(request);
    const inspection = token === undefined ? undefined : await this.#parts.inspector.inspect(token);
    return inspection?.active === true ? inspection : undefined;
  }

  #refuse(request: IncomingMessage, form: Form, event: AuditEvent): HttpError {
    const clientId = credentialsIn(request, form)?.clientId;
    this.#parts.refusals.record({ event, clientId, detail: "caller not authenticated" }, addressOf(request));
    return new HttpError(401, "invalid_client", "a system account must authenticate", {
      "www-authenticate": 'Basic realm="mcias", Bearer realm="mcias"',
    });
  }
}

function credentialsIn(request: IncomingMessage, form: Form): ClientCredentials | undefined {
  const clientId = form.get("client_id");
  const clientSecret = form.get("client_secret");
  if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
  return clientCredentialsOf(request);
}
