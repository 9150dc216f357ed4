import type { DatabaseSync, StatementSync } from "node:sqlite";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Account, AccountKind, Role } from "./account.ts";

/** What an account proves itself with; never part of `Account`, so it can't leak by printing one. */
export interface Credentials {
  /** PHC string; null for system accounts. */
  readonly passwordHash: string | null;
  /** SHA-256 of the client secret, hex; null for human accounts. */
  readonly secretHash: string | null;
}

export interface NewAccount extends Credentials {
  readonly name: string;
  readonly kind: AccountKind;
  readonly roles: readonly Role[];
}

interface AccountRow {
  readonly name: string;
  readonly kind: AccountKind;
  readonly disabled: number;
  readonly created_at_ms: number;
  /** Comma-separated, sorted; null when none. */
  readonly roles: string | null;
}

const SELECT = `
  SELECT name, kind, disabled, created_at_ms,
         (SELECT group_concat(role, ',' ORDER BY role) FROM account_roles WHERE account = name) AS roles
  FROM accounts`;

/** Tables `accounts` and `account_roles`. */
export class AccountStore {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #credentials: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#find = database.prepare(`${SELECT} WHERE name = ?`);
    this.#credentials = database.prepare("SELECT password_hash, secret_hash FROM accounts WHERE name = ?");
  }

  /** Throws `ACCOUNT_EXISTS`. Call within a transaction. */
  add(account: NewAccount, nowMs: number): void {
    if (this.find(account.name) !== undefined) {
      throw new DetailedError({
        code: "ACCOUNT_EXISTS",
        category: "already-exists",
        attempted: "add account",
        subject: account.name,
        found: "an account with this name exists",
        remedy: "choose another name, or enable it again if it is disabled",
      });
    }
    this.#database
      .prepare(
        `INSERT INTO accounts (name, kind, disabled, password_hash, secret_hash, created_at_ms)
         VALUES (?, ?, 0, ?, ?, ?)`,
      )
      .run(account.name, account.kind, account.passwordHash, account.secretHash, nowMs);
    for (const role of account.roles) this.grantRole(account.name, role, nowMs);
  }

  find(name: string): Account | undefined {
    const row = this.#find.get(name) as unknown as AccountRow | undefined;
    return row === undefined ? undefined : toAccount(row);
  }

  /** Throws `NO_SUCH_ACCOUNT`. */
  require(name: string): Account {
    const account = this.find(name);
    if (account !== undefined) return account;
    throw new DetailedError({
      code: "NO_SUCH_ACCOUNT",
      category: "not-found",
      attempted: "find account",
      subject: JSON.stringify(name.slice(0, 80)),
      found: "no account has this name",
      remedy: "see `mcias account list`",
    });
  }

  /** By name. */
  list(): Account[] {
    const rows = this.#database.prepare(`${SELECT} ORDER BY name`).all() as unknown as AccountRow[];
    return rows.map(toAccount);
  }

  credentials(name: string): Credentials | undefined {
    const row = this.#credentials.get(name) as
      | { password_hash: string | null; secret_hash: string | null }
      | undefined;
    return row === undefined ? undefined : { passwordHash: row.password_hash, secretHash: row.secret_hash };
  }

  setPasswordHash(name: string, passwordHash: string): void {
    this.#database.prepare("UPDATE accounts SET password_hash = ? WHERE name = ?").run(passwordHash, name);
  }

  setSecretHash(name: string, secretHash: string): void {
    this.#database.prepare("UPDATE accounts SET secret_hash = ? WHERE name = ?").run(secretHash, name);
  }

  setDisabled(name: string, disabled: boolean): void {
    this.#database.prepare("UPDATE accounts SET disabled = ? WHERE name = ?").run(disabled ? 1 : 0, name);
  }

  /** Returns false when the account had the role already. */
  grantRole(name: string, role: Role, nowMs: number): boolean {
    const result = this.#database
      .prepare("INSERT OR IGNORE INTO account_roles (account, role, granted_at_ms) VALUES (?, ?, ?)")
      .run(name, role, nowMs);
    return result.changes > 0;
  }

  /** Returns false when the account did not have the role. */
  revokeRole(name: string, role: Role): boolean {
    const result = this.#database
      .prepare("DELETE FROM account_roles WHERE account = ? AND role = ?")
      .run(name, role);
    return result.changes > 0;
  }
}

function toAccount(row: AccountRow): Account {
  return {
    name: row.name,
    kind: row.kind,
    roles: row.roles === null ? [] : (row.roles.split(",") as Role[]),
    disabled: row.disabled === 1,
    createdAtMs: row.created_at_ms,
  };
}
