import { createHash } from "node:crypto";
import type { SealedRecords } from "../../barrier/sealed-records.ts";
import type { AcmeAccount } from "../account.ts";
import type { Authorization } from "../authorization.ts";
import type { Binding } from "../binding.ts";
import { type Identifier, identifierKey } from "../identifier.ts";
import type { AcmeOrder } from "../order.ts";
import { type AcmeSettings, acmeSettingsSchema } from "../settings.ts";
import { type Collection, collection } from "./collection.ts";

/** Which order a certificate came from. */
export interface CertificateOwner {
  readonly serialNumber: string;
  readonly accountId: string;
  readonly orderId: string;
  readonly notAfterMs: number;
  /** The order that said it replaces this certificate (RFC 9773, section 5). */
  readonly replacedBy?: string;
}

/** What has to go on after a restart. */
export type Work =
  | {
      readonly kind: "validate";
      readonly id: string;
      readonly type: Authorization["challenges"][number]["type"];
    }
  | { readonly kind: "issue"; readonly id: string };

/** What is looked at again at a certain time, to be removed. */
export type DueKind = "order" | "authorization" | "certificate" | "limit";

/** All that the ACME server of one mount remembers. Methods that change several things do it in one transaction. */
export interface AcmeStore {
  readonly accounts: Collection<AcmeAccount>;
  readonly orders: Collection<AcmeOrder>;
  readonly authorizations: Collection<Authorization>;
  readonly bindings: Collection<Binding>;
  readonly certificates: Collection<CertificateOwner>;
  /** Times of rate limits, by a hash of what they limit. */
  readonly limits: Collection<number>;
  readonly work: Collection<Work>;
  transaction<T>(work: () => T): T;
  settings(): AcmeSettings;
  saveSettings(settings: AcmeSettings): void;
  accountByKey(thumbprint: string): AcmeAccount | undefined;
  /** Also makes the account findable by its key, and no longer by the one it had before. */
  saveAccount(account: AcmeAccount): void;
  addOrder(order: AcmeOrder): void;
  /** Ids of the orders of an account, oldest first. `after` is an entry of the answer before. */
  orderEntries(accountId: string, options: { after?: string; limit: number }): OrderEntry[];
  forgetOrder(order: AcmeOrder): void;
  /** The authorisation that was validated last for an identifier. */
  validated(accountId: string, identifier: Identifier, wildcard: boolean): Authorization | undefined;
  rememberValidated(authorization: Authorization): void;
  forgetAuthorization(authorization: Authorization): void;
  /** Has `due` give it at a time, milliseconds since the epoch. */
  schedule(kind: DueKind, id: string, atMs: number): void;
  /** What was scheduled until now, oldest first. */
  due(nowMs: number, limit: number): DueEntry[];
  unschedule(entry: DueEntry): void;
}

export interface OrderEntry {
  readonly entry: string;
  readonly orderId: string;
}

export interface DueEntry {
  readonly path: string;
  readonly kind: DueKind;
  readonly id: string;
}

/** A path part for any text. */
export function pathPart(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const timeDigits = 14;
const sortable = (timeMs: number): string => String(Math.max(0, timeMs)).padStart(timeDigits, "0");

export function createAcmeStore(records: SealedRecords): AcmeStore {
  const accounts = collection<AcmeAccount>(records, "accounts");
  const keys = collection<string>(records, "keys");
  const orders = collection<AcmeOrder>(records, "orders");
  const authorizations = collection<Authorization>(records, "authorizations");
  const settings = collection<unknown>(records, "settings");
  const validated = collection<string>(records, "validated");
  const due = collection<null>(records, "due");
  const ordersOf = (accountId: string): Collection<null> =>
    collection<null>(records, `account-orders/${accountId}`);
  const orderEntry = (order: AcmeOrder): string => `${sortable(order.createdAtMs)}.${order.id}`;
  const validatedKey = (accountId: string, identifier: Identifier, wildcard: boolean): string =>
    `${accountId}/${pathPart(`${identifierKey(identifier)} ${wildcard}`)}`;

  return {
    accounts,
    orders,
    authorizations,
    bindings: collection<Binding>(records, "bindings"),
    certificates: collection<CertificateOwner>(records, "certificates"),
    limits: collection<number>(records, "limits"),
    work: collection<Work>(records, "work"),
    transaction: (work) => records.transaction(work),
    settings: () => acmeSettingsSchema.parse(settings.get("current") ?? {}),
    saveSettings: (changed) => settings.put("current", changed),
    accountByKey(thumbprint) {
      const id = keys.get(pathPart(thumbprint));
      return id === undefined ? undefined : accounts.get(id);
    },
    saveAccount: (account) =>
      records.transaction(() => {
        const before = accounts.get(account.id);
        if (before !== undefined && before.thumbprint !== account.thumbprint) {
          keys.delete(pathPart(before.thumbprint));
        }
        keys.put(pathPart(account.thumbprint), account.id);
        accounts.put(account.id, account);
      }),
    addOrder: (order) =>
      records.transaction(() => {
        orders.put(order.id, order);
        ordersOf(order.accountId).put(orderEntry(order), null);
      }),
    orderEntries: (accountId, options) =>
      ordersOf(accountId)
        .ids(options)
        .map((entry) => ({ entry, orderId: entry.slice(timeDigits + 1) })),
    forgetOrder: (order) =>
      records.transaction(() => {
        orders.delete(order.id);
        ordersOf(order.accountId).delete(orderEntry(order));
      }),
    validated(accountId, identifier, wildcard) {
      const id = validated.get(validatedKey(accountId, identifier, wildcard));
      return id === undefined ? undefined : authorizations.get(id);
    },
    rememberValidated: ({ accountId, identifier, wildcard, id }) =>
      validated.put(validatedKey(accountId, identifier, wildcard), id),
    forgetAuthorization: ({ id, accountId, identifier, wildcard }) =>
      records.transaction(() => {
        const key = validatedKey(accountId, identifier, wildcard);
        if (validated.get(key) === id) validated.delete(key);
        authorizations.delete(id);
      }),
    schedule: (kind, id, atMs) => due.put(`${sortable(atMs)}.${kind}.${id}`, null),
    due: (nowMs, limit) =>
      due
        .ids({ limit })
        .filter((path) => Number(path.slice(0, timeDigits)) <= nowMs)
        .map((path) => {
          const [, kind = "", id = ""] = path.split(".");
          return { path, kind: kind as DueKind, id };
        }),
    unschedule: ({ path }) => void due.delete(path),
  };
}
