import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** The keys that sign tokens. A replaced one has no private half any more; it only verifies. */
export const createTokenKeys: Migration = {
  name: "create token keys",
  sql: `
    CREATE TABLE token_key (
      kid TEXT PRIMARY KEY,
      public_jwk TEXT NOT NULL,
      private_jwk TEXT NOT NULL,
      created_at_ms INTEGER NOT NULL,
      replaced_at_ms INTEGER NOT NULL
    ) STRICT;
  `,
};
