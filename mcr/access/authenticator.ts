import { bearerToken } from "@metacircular/mcdsl/auth/admission.ts";
import { rejectGuests } from "@metacircular/mcdsl/auth/authorize.ts";
import type { TokenVerifier } from "@metacircular/mcdsl/auth/identity.ts";
import { tokenInvalid } from "@metacircular/mcdsl/auth/token-errors.ts";
import { decodeJwt } from "jose/jwt/decode";
import { allowsEverybodyEverything } from "../policy/judge-access.ts";
import type { RuleBook } from "../policy/rule-book.ts";
import type { RegistryTokens } from "../token/registry-tokens.ts";
import type { Authenticator, Caller, Scope } from "./access.ts";
import { grantsFor } from "./grants.ts";

export const anybody: Caller = { kind: "anonymous", name: "", roles: [] };

/** Takes tokens of the registry itself, limited to what they are for, and tokens of the identity service, with all that
 * the rules allow to their account. The latter are checked as everywhere on the platform: signature, then introspection,
 * whose answer counts for a while. */
export function createAuthenticator(parts: {
  readonly rules: { book(): RuleBook };
  readonly tokens: RegistryTokens;
  /** Of tokens of the identity service. */
  readonly identities: TokenVerifier;
  /** URL of the token endpoint. */
  readonly realm: string;
  /** The name of the registry in the token flow. */
  readonly service: string;
}): Authenticator {
  const { rules, tokens, identities, realm, service } = parts;
  return {
    async authenticate(authorization, signal) {
      if (authorization === undefined) return grantsFor(anybody, rules);
      const token = bearerToken(authorization);
      if (issuerOf(token) === tokens.issuer) {
        const { caller, access } = await tokens.verify(token);
        return grantsFor(caller, rules, access);
      }
      const identity = await identities.verify(token, signal);
      rejectGuests(identity, "the registry");
      return grantsFor({ kind: identity.kind, name: identity.name, roles: identity.roles }, rules);
    },
    challenge(scopes, error) {
      const scope = scopes.map(scopeText).join(" ");
      const parameters = { realm, service, ...(scope === "" ? {} : { scope }), ...(error && { error }) };
      return `Bearer ${Object.entries(parameters)
        .map(([name, value]) => `${name}="${value}"`)
        .join(",")}`;
    },
    get open() {
      return allowsEverybodyEverything(rules.book().access);
    },
  };
}

function scopeText(scope: Scope): string {
  if (scope === "catalog") return "registry:catalog:*";
  return `repository:${scope.repository}:${scope.actions.join(",")}`;
}

/** Says only which keys to ask; nothing is believed before the signature is verified. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (cause) {
    throw tokenInvalid("it is not a token", cause);
  }
}
