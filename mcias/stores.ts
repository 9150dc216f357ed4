import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Database } from "@metacircular/mcdsl/database/open.ts";
import { openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { AccountStore } from "./accounts/account-store.ts";
import { AuditStore } from "./audit/audit-store.ts";
import type { Config } from "./config.ts";
import { KeyRing } from "./keys/key-ring.ts";
import { KeyStore } from "./keys/key-store.ts";
import { FailureStore } from "./login/failure-store.ts";
import { identitySchema } from "./migrations/001-identity.ts";
import { RecordStore } from "./provider/record-store.ts";
import { TokenInspector } from "./tokens/inspect.ts";
import { TokenRevoker } from "./tokens/revoke.ts";
import { TokenStore } from "./tokens/token-store.ts";

/** Changes of the database's schema. */
export const MIGRATIONS = [{ name: "identity", sql: identitySchema }];

/** A replaced key outlives the longest access token signed with it by this factor. */
const OVERLAP_FACTOR = 2;

/** What the server and the command line both work on: the database, and what needs nothing else. */
export interface Stores extends Disposable {
  readonly database: Database;
  readonly accounts: AccountStore;
  readonly failures: FailureStore;
  readonly tokens: TokenStore;
  readonly records: RecordStore;
  readonly audit: AuditStore;
  readonly keys: KeyRing;
  readonly inspector: TokenInspector;
  readonly revoker: TokenRevoker;
  readonly clock: Clock;
}

export function openStores(config: Config, clock: Clock): Stores {
  const database = openDatabase({ file: config.database.path, migrations: MIGRATIONS });
  const { sql, transaction } = database;
  const accounts = new AccountStore(sql);
  const tokens = new TokenStore(sql);
  const records = new RecordStore(sql);
  const audit = new AuditStore(sql, () => clock.now());
  const policy = {
    rotateAfterMs: config.tokens.key_rotation,
    overlapMs: config.tokens.access_lifetime * OVERLAP_FACTOR,
  };
  const keys = new KeyRing({ store: new KeyStore(sql), transaction, clock, policy });
  const { issuer } = config.server;
  const inspector = new TokenInspector({ keys, tokens, accounts, issuer, clock });
  const revoker = new TokenRevoker({ inspector, tokens, records, audit, transaction, clock });
  const failures = new FailureStore(sql);
  return {
    database,
    accounts,
    failures,
    tokens,
    records,
    audit,
    keys,
    inspector,
    revoker,
    clock,
    [Symbol.dispose]: () => database[Symbol.dispose](),
  };
}
