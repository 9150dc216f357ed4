import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** What the registry holds: repositories, the blobs that they link, manifests with what they point to, tags.
 *
 * `manifest.released_at_ms` is when a tag, an index or a subject was last taken away from it; retention counts from there.
 * `repository` counts what it holds, so that a summary reads one row. A `blob` is in one of three states: leased only
 * (`stored` 0), in the store (`stored` 1), being deleted (`deleting_until_ms` > 0, see `mcr/gc/`). */
export const createContent: Migration = {
  name: "create content",
  sql: `
    CREATE TABLE repository (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      tags INTEGER NOT NULL DEFAULT 0,
      manifests INTEGER NOT NULL DEFAULT 0,
      size_bytes INTEGER NOT NULL DEFAULT 0,
      created_at_ms INTEGER NOT NULL,
      last_push_at_ms INTEGER NOT NULL DEFAULT 0,
      last_pull_at_ms INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE blob (
      digest TEXT PRIMARY KEY,
      size_bytes INTEGER NOT NULL,
      generation TEXT NOT NULL,
      stored INTEGER NOT NULL,
      leased_until_ms INTEGER NOT NULL,
      deleting_by TEXT NOT NULL DEFAULT '',
      deleting_until_ms INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE blob_link (
      repository_id INTEGER NOT NULL REFERENCES repository (id),
      digest TEXT NOT NULL REFERENCES blob (digest),
      size_bytes INTEGER NOT NULL,
      leased_until_ms INTEGER NOT NULL,
      PRIMARY KEY (repository_id, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX blob_link_by_digest ON blob_link (digest);

    CREATE TABLE manifest (
      repository_id INTEGER NOT NULL REFERENCES repository (id),
      digest TEXT NOT NULL,
      media_type TEXT NOT NULL,
      artifact_type TEXT NOT NULL,
      subject TEXT NOT NULL,
      annotations TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      pushed_at_ms INTEGER NOT NULL,
      pushed_by TEXT NOT NULL,
      last_pull_at_ms INTEGER NOT NULL DEFAULT 0,
      pulls INTEGER NOT NULL DEFAULT 0,
      released_at_ms INTEGER NOT NULL DEFAULT 0,
      content BLOB NOT NULL,
      PRIMARY KEY (repository_id, digest)
    ) STRICT;
    CREATE INDEX manifest_by_subject ON manifest (repository_id, subject, digest) WHERE subject <> '';

    CREATE TABLE manifest_reference (
      repository_id INTEGER NOT NULL,
      manifest TEXT NOT NULL,
      place INTEGER NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('blob', 'manifest')),
      digest TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      media_type TEXT NOT NULL,
      PRIMARY KEY (repository_id, manifest, place),
      FOREIGN KEY (repository_id, manifest) REFERENCES manifest (repository_id, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX manifest_reference_by_digest ON manifest_reference (repository_id, digest, kind);

    CREATE TABLE tag (
      repository_id INTEGER NOT NULL,
      name TEXT NOT NULL,
      digest TEXT NOT NULL,
      updated_at_ms INTEGER NOT NULL,
      updated_by TEXT NOT NULL,
      last_pull_at_ms INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (repository_id, name),
      FOREIGN KEY (repository_id, digest) REFERENCES manifest (repository_id, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tag_by_digest ON tag (repository_id, digest, name);
  `,
};
