import { AddressLimit, type AddressPolicy } from "@metacircular/mcdsl/auth/address-limit.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

const MAX_PENDING = 64;

/** Brakes who guesses passwords, by address, before the identity service is asked. The token endpoint and the web login
 * share one. */
export interface LoginLimit {
  /** Runs a login from this address. Until it succeeds it counts as failed, so that guesses sent in parallel gain nothing;
   * one that could not be decided does not count.
   * @throws DetailedError TOO_MANY_ATTEMPTS with the fact `retryAfterSeconds`, LOGINS_TOO_MANY; what `login` throws */
  attempt<Result>(address: string, login: () => Promise<Result>): Promise<Result>;
  /** @throws DetailedError TOO_MANY_ATTEMPTS */
  requireOpen(address: string): void;
}

export function createLoginLimit(policy: AddressPolicy, clock: Pick<Clock, "now">): LoginLimit {
  const addresses = new AddressLimit(policy, clock);
  let pending = 0;

  function requireOpen(address: string): void {
    const blockedMs = addresses.blockedForMs(address);
    if (blockedMs > 0) throw tooMany(Math.ceil(blockedMs / 1000));
  }

  return {
    requireOpen,
    async attempt(address, login) {
      requireOpen(address);
      if (pending >= MAX_PENDING) throw busy();
      addresses.recordFailure(address);
      pending += 1;
      try {
        const result = await login();
        addresses.forgive(address);
        return result;
      } catch (thrown) {
        if (!isFailure(thrown)) addresses.forgive(address);
        throw thrown;
      } finally {
        pending -= 1;
      }
    },
  };
}

/** Whether it was decided, and against the caller. */
function isFailure(thrown: unknown): boolean {
  const codes = ["LOGIN_REFUSED", "ACCOUNT_LOCKED", "TOO_MANY_ATTEMPTS"];
  return thrown instanceof DetailedError && codes.includes(thrown.code);
}

function tooMany(retryAfterSeconds: number): DetailedError {
  return new DetailedError({
    code: "TOO_MANY_ATTEMPTS",
    category: "resource-exhausted",
    attempted: "log in",
    found: "too many failed attempts from this address",
    remedy: `try again in ${retryAfterSeconds} s`,
    facts: { retryAfterSeconds: String(retryAfterSeconds) },
  });
}

function busy(): DetailedError {
  return new DetailedError({
    code: "LOGINS_TOO_MANY",
    category: "unavailable",
    attempted: "log in",
    found: `${MAX_PENDING} others log in at this moment`,
    remedy: "try again",
  });
}
