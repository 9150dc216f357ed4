import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** Runs of garbage collection with what each removed, and which one runs now. */
export const createCollections: Migration = {
  name: "create collections",
  sql: `
    CREATE TABLE collection (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      started_by TEXT NOT NULL,
      dry_run INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'cancelled', 'interrupted')),
      started_at_ms INTEGER NOT NULL,
      ended_at_ms INTEGER NOT NULL DEFAULT 0,
      tags INTEGER NOT NULL DEFAULT 0,
      manifests INTEGER NOT NULL DEFAULT 0,
      links INTEGER NOT NULL DEFAULT 0,
      blobs INTEGER NOT NULL DEFAULT 0,
      bytes INTEGER NOT NULL DEFAULT 0,
      missing_blobs INTEGER NOT NULL DEFAULT 0,
      error TEXT NOT NULL DEFAULT ''
    ) STRICT;

    CREATE TABLE collection_item (
      collection INTEGER NOT NULL REFERENCES collection (id),
      place INTEGER NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('tag', 'manifest', 'link', 'blob', 'missing-blob')),
      repository TEXT NOT NULL,
      name TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      PRIMARY KEY (collection, place)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE collection_turn (
      name TEXT PRIMARY KEY,
      collection INTEGER NOT NULL,
      holder TEXT NOT NULL,
      until_ms INTEGER NOT NULL
    ) STRICT;
  `,
};

/** Blobs in the store that the database does not know, with when a run saw them first, and the run that saw them last. */
export const createStrayBlobs: Migration = {
  name: "create stray blobs",
  sql: `
    CREATE TABLE stray_blob (
      digest TEXT PRIMARY KEY,
      seen_at_ms INTEGER NOT NULL,
      listed_at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
  `,
};
