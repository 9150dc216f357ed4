import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** Digests that registries have of images which the runtime knows by others: those that were built on the node. */
export const imageDigests: Migration = {
  name: "image digests",
  sql: `
CREATE TABLE image_digests (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  image_id TEXT NOT NULL,
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  UNIQUE (image_id, repository, digest)
) STRICT;
`,
};
