import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type Account, requireNewAccountName, requireRole, type Role } from "../accounts/account.ts";
import { generateClientSecret, hashClientSecret } from "../accounts/client-secret.ts";
import { hashPassword } from "../accounts/password.ts";
import type { AuditEvent } from "../audit/audit-store.ts";
import type { Stores } from "../stores.ts";

/** Given to humans who are added without a role. */
const DEFAULT_ROLE: Role = "user";

/** What an administrator does to accounts. Everything takes effect in a running server at once. */
export class Administration {
  readonly #stores: Stores;
  readonly #actor: string;

  /** @param actor who does it, for the audit log, e.g. `cli:root` */
  constructor(stores: Stores, actor: string) {
    this.#stores = stores;
    this.#actor = actor;
  }

  /**
   * @throws DetailedError INVALID_ACCOUNT_NAME, RESERVED_ACCOUNT_NAME, UNKNOWN_ROLE,
   * UNACCEPTABLE_PASSWORD, ACCOUNT_EXISTS
   */
  async addHuman(name: string, password: string, roleNames: readonly string[]): Promise<void> {
    requireNewAccountName(name);
    const roles = roleNames.length === 0 ? [DEFAULT_ROLE] : roleNames.map(requireRole);
    const passwordHash = await hashPassword(password);
    this.#change("account-added", name, `human with ${roles.join(", ")}`, () => {
      const { accounts, clock } = this.#stores;
      accounts.add({ name, kind: "human", roles, passwordHash, secretHash: null }, clock.now());
    });
  }

  /** Returns the client secret, which is not stored. @throws DetailedError as `addHuman` */
  addSystem(name: string): string {
    requireNewAccountName(name);
    const secret = generateClientSecret();
    const secretHash = hashClientSecret(secret);
    this.#change("account-added", name, "system", () => {
      const { accounts, clock } = this.#stores;
      accounts.add({ name, kind: "system", roles: [], passwordHash: null, secretHash }, clock.now());
    });
    return secret;
  }

  /** Ends every login and token of the account, for good. Returns how many tokens were alive. */
  disable(name: string): number {
    const { accounts, revoker } = this.#stores;
    return this.#change("account-disabled", accounts.require(name).name, "", () => {
      accounts.setDisabled(name, true);
      return revoker.revokeAccount(name);
    });
  }

  /** Also lifts a lock. What ended when it was disabled stays ended. */
  enable(name: string): void {
    const { accounts, failures } = this.#stores;
    this.#change("account-enabled", accounts.require(name).name, "", () => {
      accounts.setDisabled(name, false);
      failures.clear(name);
    });
  }

  /** Lifts a lock and ends every login that was made with the old password. */
  async setPassword(name: string, password: string): Promise<void> {
    const { accounts, failures, revoker } = this.#stores;
    requireHuman(accounts.require(name), "set password of", "system accounts have a client secret");
    const passwordHash = await hashPassword(password);
    this.#change("password-changed", name, "", () => {
      accounts.setPasswordHash(name, passwordHash);
      failures.clear(name);
      revoker.revokeAccount(name);
    });
  }

  /** Returns the new client secret. Tokens that were issued keep working; revoke them apart. */
  renewSecret(name: string): string {
    const { accounts } = this.#stores;
    const secret = generateClientSecret();
    this.#change("secret-changed", accounts.require(name).name, "", () => {
      accounts.setSecretHash(name, hashClientSecret(secret));
    });
    return secret;
  }

  /** Returns false when the account had the role already. @throws DetailedError NO_SUCH_ACCOUNT, UNKNOWN_ROLE, NOT_A_HUMAN_ACCOUNT */
  grantRole(name: string, roleName: string): boolean {
    const { accounts, clock } = this.#stores;
    const role = requireRole(roleName);
    requireHuman(
      accounts.require(name),
      "grant role to",
      "each service's own policy decides what system accounts may do",
    );
    return this.#change("role-granted", name, role, () => accounts.grantRole(name, role, clock.now()));
  }

  /** Returns false when the account didn't have the role. */
  revokeRole(name: string, roleName: string): boolean {
    const { accounts } = this.#stores;
    const role = requireRole(roleName);
    accounts.require(name);
    return this.#change("role-revoked", name, role, () => accounts.revokeRole(name, role));
  }

  /** The change and its audit entry happen together or not at all. */
  #change<Result>(event: AuditEvent, account: string, detail: string, change: () => Result): Result {
    const { database, audit } = this.#stores;
    return database.transaction(() => {
      const result = change();
      audit.record({ event, outcome: "ok", account, actor: this.#actor, detail });
      return result;
    });
  }
}

function requireHuman(account: Account, attempted: string, reason: string): void {
  if (account.kind === "human") return;
  throw new DetailedError({
    code: "NOT_A_HUMAN_ACCOUNT",
    category: "failed-precondition",
    attempted,
    subject: account.name,
    found: `it is a system account; ${reason}`,
    remedy: "name a human account",
  });
}
