import { join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { type Database, openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { Barrier } from "../barrier/barrier.ts";
import { MIGRATIONS } from "../stores.ts";

export const PASSPHRASE = "correct horse battery staple";

export interface TestBarrier {
  readonly file: string;
  readonly database: Database;
  readonly barrier: Barrier;
}

/** A barrier over a database of its own, not initialised. */
export async function aBarrier(t: TestContext): Promise<TestBarrier> {
  const directory = await createTemporaryDirectory();
  t.after(() => directory[Symbol.asyncDispose]());
  const file = join(directory.path, "metacrypt.db");
  const database = openDatabase({ file, migrations: MIGRATIONS });
  t.after(() => database[Symbol.dispose]());
  return { file, database, barrier: new Barrier(database, systemClock) };
}

/** One that is unsealed, by a key that is as good as any. */
export async function anOpenBarrier(t: TestContext): Promise<TestBarrier> {
  const opened = await aBarrier(t);
  await opened.barrier.initialize({ fileKey: Buffer.alloc(32, 7) }, opened.database.transaction);
  return opened;
}
