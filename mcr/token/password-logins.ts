import { createHmac, randomBytes } from "node:crypto";
import { createAnswerCache } from "@metacircular/mcdsl/auth/answer-cache.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { unlessAborted } from "@metacircular/mcdsl/unless-aborted.ts";
import type { IdentityClient } from "@metacircular/mcias/client.ts";
import type { Caller } from "../access/access.ts";
import type { LoginLimit } from "./login-limit.ts";

/** A client asks for a token per repository, and each time with the password. */
const CACHE_MS = 30_000;
const CACHE_ENTRIES = 1_000;

export interface PasswordLogins {
  /** Whom a user name and a password stand for.
   * @throws DetailedError LOGIN_REFUSED, ACCOUNT_LOCKED, TOO_MANY_ATTEMPTS, LOGINS_TOO_MANY, IDENTITY_UNAVAILABLE */
  login(request: {
    readonly username: string;
    readonly password: string;
    /** Of the client. */
    readonly address: string;
    readonly signal?: AbortSignal | undefined;
  }): Promise<Caller>;
}

/** Asks the identity service, and ends the login there at once: only who it is was of interest. What was right counts for
 * half a minute; what was wrong is never remembered. Requests with the same name and password at the same time ask
 * once. */
export function createPasswordLogins(parts: {
  readonly identity: IdentityClient;
  readonly limit: LoginLimit;
  /** What the logins are for, as MCIAS records it. */
  readonly serviceName: string;
  /** The token of the registry's own system account, by which it may say from where a login comes. */
  readonly ownToken: () => Promise<string>;
  readonly clock: Pick<Clock, "now" | "sleep">;
  readonly logger: Logger;
}): PasswordLogins {
  const { identity, limit, serviceName, ownToken, clock, logger } = parts;
  const answers = createAnswerCache<Caller>({ maxEntries: CACHE_ENTRIES, clock });
  const pending = new Map<string, Promise<Caller>>();
  const cacheKey = randomBytes(32);

  async function ask(username: string, password: string, address: string): Promise<Caller> {
    const onBehalfOf = { address, actorToken: await ownToken() };
    const tokens = await identity.login({ username, password, serviceName, onBehalfOf });
    try {
      const { name, kind, roles } = await identity.whoAmI(tokens.accessToken);
      return { kind, name, roles };
    } finally {
      await end(tokens.refreshToken ?? tokens.accessToken);
    }
  }

  /** Nobody else has its tokens, so it may also end by itself. */
  async function end(token: string): Promise<void> {
    try {
      await identity.revoke(token);
    } catch (error) {
      logger.warn({ error }, "a login at the identity service was not ended; it ends by itself");
    }
  }

  return {
    async login({ username, password, address, signal }) {
      limit.requireOpen(address);
      const key = createHmac("sha256", cacheKey)
        .update(JSON.stringify([username, password]))
        .digest("base64");
      const known = answers.get(key);
      if (known !== undefined) return known;
      let question = pending.get(key);
      if (question === undefined) {
        const askedAtMs = clock.now();
        question = limit
          .attempt(address, () => ask(username, password, address))
          .then((caller) => {
            answers.set(key, caller, askedAtMs + CACHE_MS);
            return caller;
          })
          .finally(() => pending.delete(key));
        pending.set(key, question);
      }
      return unlessAborted(question, signal);
    },
  };
}
