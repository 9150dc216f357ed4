import { join } from "node:path";
import { openPostgres } from "@metacircular/mcdsl/sql/postgres.ts";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import { openSqlite } from "@metacircular/mcdsl/sql/sqlite.ts";
import { startTestPostgres, type TestPostgres } from "@metacircular/testkit/postgres.ts";
import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";
import { migrations } from "../../metadata/migrations.ts";

/** An engine on which the same tests run. */
export interface Engine {
  readonly name: string;
  prepare(): Promise<void>;
  dispose(): Promise<void>;
  /** The registry's database of this name, as one more program that opens it. */
  open(name: string): Promise<SqlDatabase>;
}

export function engines(): Engine[] {
  return [sqlite(), postgres()];
}

export function sqlite(): Engine {
  let directory: TemporaryDirectory;
  return {
    name: "SQLite",
    prepare: async () => void (directory = await createTemporaryDirectory()),
    dispose: async () => directory[Symbol.asyncDispose](),
    open: (name) => openSqlite({ file: join(directory.path, `${name}.db`), migrations }),
  };
}

export function postgres(): Engine {
  let server: TestPostgres;
  const made = new Map<string, Promise<string>>();
  return {
    name: "PostgreSQL",
    prepare: async () => void (server = await startTestPostgres()),
    dispose: async () => server[Symbol.asyncDispose](),
    async open(name) {
      const url = made.get(name) ?? server.createDatabase(name);
      made.set(name, url);
      return openPostgres({ url: await url, migrations });
    },
  };
}
