import type { TokenVerifier } from "@metacircular/mcdsl/auth/identity.ts";
import { tokenInvalid } from "@metacircular/mcdsl/auth/token-errors.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Caller } from "../access/access.ts";
import { anybody } from "../access/authenticator.ts";
import { type Credentials, isNameFor } from "./credentials.ts";
import type { PasswordLogins } from "./password-logins.ts";

/** Finds out whom credentials stand for.
 * @throws DetailedError of category unauthenticated, permission-denied (guests), resource-exhausted or unavailable */
export type FindCaller = (credentials: Credentials, address: string, signal: AbortSignal) => Promise<Caller>;

export function createFindCaller(parts: {
  readonly logins: PasswordLogins;
  /** Of tokens of the identity service. */
  readonly identities: TokenVerifier;
}): FindCaller {
  const { logins, identities } = parts;

  async function find(credentials: Credentials, address: string, signal: AbortSignal): Promise<Caller> {
    switch (credentials.kind) {
      case "none":
        return anybody;
      case "password": {
        const { username, password } = credentials;
        if (username === "" || password === "") throw incomplete(username);
        return logins.login({ username, password, address, signal });
      }
      case "token": {
        const { username, token } = credentials;
        const { name, kind, roles } = await identities.verify(token, signal);
        if (!isNameFor(username, name))
          throw tokenInvalid("it is the token of another account than was named");
        return { kind, name, roles };
      }
    }
  }

  return async (credentials, address, signal) => {
    const caller = await find(credentials, address, signal);
    if (caller.roles.includes("guest")) throw guest(caller.name);
    return caller;
  };
}

function incomplete(username: string): DetailedError {
  return new DetailedError({
    code: "LOGIN_REFUSED",
    category: "unauthenticated",
    attempted: "log in",
    subject: username,
    found: "the user name or the password is empty",
    remedy: "give both",
  });
}

function guest(name: string): DetailedError {
  return new DetailedError({
    code: "DENIED",
    category: "permission-denied",
    attempted: "log in to the registry",
    found: `${name} has the role guest`,
    remedy: "log in with another account, or ask an administrator to revoke the role",
  });
}
