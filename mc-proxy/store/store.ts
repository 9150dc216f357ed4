import { openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { FirewallTable } from "./firewall-table.ts";
import { routesSchema } from "./migrations/001-routes.ts";
import { RouteTable } from "./route-table.ts";

/** Changes of the database's schema. */
export const MIGRATIONS = [{ name: "routes", sql: routesSchema }];

/** What is to be: every change is durable when its call returns. */
export interface Store extends Disposable {
  readonly routes: RouteTable;
  readonly firewall: FirewallTable;
  /** Runs `body` in one transaction.
   * @throws DetailedError STORE_WRITE_FAILED; then nothing was changed */
  write(body: () => void): void;
}

/** @throws DetailedError those of `openDatabase` */
export function openStore(file: string): Store {
  const database = openDatabase({ file, migrations: MIGRATIONS });
  return {
    routes: new RouteTable(database.sql),
    firewall: new FirewallTable(database.sql),
    write(body) {
      try {
        database.transaction(body);
      } catch (cause) {
        throw new DetailedError({
          code: "STORE_WRITE_FAILED",
          category: "unavailable",
          attempted: "store the change in",
          subject: file,
          found: messageOf(cause),
          remedy: "make room on its disk or mend it; nothing was changed",
          cause,
        });
      }
    },
    [Symbol.dispose]: () => database[Symbol.dispose](),
  };
}
