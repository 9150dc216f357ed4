import { randomBytes } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { type Account, isAccountName } from "../accounts/account.ts";
import type { AccountStore } from "../accounts/account-store.ts";
import { hashPassword, needsRehash, verifyPassword } from "../accounts/password.ts";
import type { AuditEvent, AuditStore } from "../audit/audit-store.ts";
import type { AddressLimit } from "@metacircular/mcdsl/auth/address-limit.ts";
import type { FailureStore } from "./failure-store.ts";
import { limitKeyOf } from "./login-source.ts";
import { type LockPolicy, lockedForMs, oneMoreFailure } from "./lock-delay.ts";
import type { OneAtATime } from "./one-at-a-time.ts";

export interface LoginAttempt {
  readonly username: string;
  readonly password: string;
  readonly event: AuditEvent;
  readonly address: string;
  /** The service that passes the attempt on; then `address` is what it says. */
  readonly via?: string | undefined;
  readonly clientId?: string;
  readonly serviceName?: string | undefined;
  /** Labels of the service, for the audit log. */
  readonly tags?: string | undefined;
}

/** `refused` says nothing more to the caller; the audit log knows why. */
export type LoginOutcome =
  | { readonly kind: "ok"; readonly account: Account }
  | { readonly kind: "refused" }
  | { readonly kind: "locked"; readonly retryAfterMs: number }
  | { readonly kind: "throttled"; readonly retryAfterMs: number }
  | { readonly kind: "busy" };

export interface PasswordLoginParts {
  readonly accounts: AccountStore;
  readonly failures: FailureStore;
  readonly addresses: AddressLimit;
  readonly audit: AuditStore;
  readonly queue: OneAtATime;
  readonly lockPolicy: LockPolicy;
  readonly clock: Pick<Clock, "now">;
}

/** Decides about a user name and a password. */
export class PasswordLogin {
  readonly #parts: PasswordLoginParts;
  /** Verified for names that don't exist, so that they take as long as the others. */
  readonly #decoyHash = hashPassword(randomBytes(32).toString("hex"));

  constructor(parts: PasswordLoginParts) {
    this.#parts = parts;
  }

  /**
   * One attempt per account runs at a time: guesses sent in parallel would all be
   * verified before the first of them is counted.
   */
  async attempt(attempt: LoginAttempt): Promise<LoginOutcome> {
    const throttledForMs = this.#parts.addresses.blockedForMs(keyOf(attempt));
    if (throttledForMs > 0) return { kind: "throttled", retryAfterMs: throttledForMs };
    return this.#parts.queue.run(attempt.username, () => this.#decide(attempt)) ?? { kind: "busy" };
  }

  async #decide(attempt: LoginAttempt): Promise<LoginOutcome> {
    const { accounts, failures, lockPolicy, clock } = this.#parts;
    if (!isAccountName(attempt.username)) {
      await verifyPassword(await this.#decoyHash, attempt.password);
      this.#deny(attempt, "not an account name");
      return { kind: "refused" };
    }
    const before = failures.find(attempt.username);
    const lockedMs = before === undefined ? 0 : lockedForMs(before, lockPolicy, clock.now());
    if (lockedMs > 0) {
      this.#deny(attempt, `locked for ${Math.ceil(lockedMs / 1000)} s`);
      return { kind: "locked", retryAfterMs: lockedMs };
    }
    const account = accounts.find(attempt.username);
    const storedHash = accounts.credentials(attempt.username)?.passwordHash ?? undefined;
    const matches = await verifyPassword(storedHash ?? (await this.#decoyHash), attempt.password);
    const obstacle = obstacleTo(account, storedHash, matches);
    if (obstacle !== undefined || account === undefined || storedHash === undefined) {
      failures.put(attempt.username, oneMoreFailure(before, lockPolicy, clock.now()));
      this.#deny(attempt, obstacle ?? "no such account");
      return { kind: "refused" };
    }
    if (needsRehash(storedHash)) {
      accounts.setPasswordHash(account.name, await hashPassword(attempt.password));
    }
    if (before !== undefined) failures.clear(account.name);
    this.#record(attempt, "ok", "");
    return { kind: "ok", account };
  }

  /**
   * What a blocked address sends later is not recorded one by one: else anybody could push the
   * older entries out of the audit log.
   */
  #deny(attempt: LoginAttempt, detail: string): void {
    const { addresses } = this.#parts;
    addresses.recordFailure(keyOf(attempt));
    const blockedMs = addresses.blockedForMs(keyOf(attempt));
    const also = blockedMs > 0 ? `; address blocked for ${Math.ceil(blockedMs / 1000)} s` : "";
    this.#record(attempt, "denied", detail + also);
  }

  /** A text that can't be an account name may be a password typed into the wrong field. */
  #record(attempt: LoginAttempt, outcome: "ok" | "denied", detail: string): void {
    const details = [detail, attempt.via === undefined ? "" : `by ${attempt.via}`, tagsOf(attempt)];
    this.#parts.audit.record({
      event: attempt.event,
      outcome,
      account: isAccountName(attempt.username) ? attempt.username : undefined,
      clientId: attempt.clientId,
      address: attempt.address,
      serviceName: attempt.serviceName,
      detail: details.filter((part) => part !== "").join(" "),
    });
  }
}

function keyOf({ address, via }: LoginAttempt): string {
  return limitKeyOf({ address, via });
}

function tagsOf({ tags }: LoginAttempt): string {
  return tags === undefined ? "" : `[tags: ${tags}]`;
}

function obstacleTo(
  account: Account | undefined,
  storedHash: string | undefined,
  matches: boolean,
): string | undefined {
  if (account === undefined) return "no such account";
  if (storedHash === undefined) return "a system account has no password";
  if (!matches) return "wrong password";
  if (account.disabled) return "account is disabled";
  return undefined;
}
