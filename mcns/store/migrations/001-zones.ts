/** Zones, their records, the journal of changes, and keys. */
export const zonesSchema = `
CREATE TABLE tsig_keys (
  name          TEXT PRIMARY KEY,
  algorithm     TEXT NOT NULL,
  secret        BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL,
  created_by    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE zones (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  name          TEXT NOT NULL UNIQUE,
  primary_name  TEXT NOT NULL,
  contact       TEXT NOT NULL,
  serial        INTEGER NOT NULL CHECK (serial BETWEEN 1 AND 4294967295),
  refresh       INTEGER NOT NULL,
  retry         INTEGER NOT NULL,
  expire        INTEGER NOT NULL,
  negative_ttl  INTEGER NOT NULL,
  default_ttl   INTEGER NOT NULL,
  notify        TEXT NOT NULL,
  updated_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE zone_keys (
  zone_id INTEGER NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
  purpose TEXT NOT NULL CHECK (purpose IN ('transfer', 'update')),
  key     TEXT NOT NULL REFERENCES tsig_keys (name),
  PRIMARY KEY (zone_id, purpose, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX zone_keys_by_key ON zone_keys (key);

CREATE TABLE records (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  zone_id       INTEGER NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
  name          TEXT NOT NULL,
  type          INTEGER NOT NULL,
  ttl           INTEGER,
  data          BLOB NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  updated_by    TEXT NOT NULL,
  UNIQUE (zone_id, name, type, data)
) STRICT;

CREATE TABLE changes (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  zone_id     INTEGER NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
  from_serial INTEGER NOT NULL,
  to_serial   INTEGER NOT NULL,
  at_ms       INTEGER NOT NULL,
  removed     TEXT NOT NULL,
  added       TEXT NOT NULL
) STRICT;
CREATE INDEX changes_by_zone ON changes (zone_id, id);
CREATE INDEX changes_by_time ON changes (at_ms);

-- A zone that is made again goes on with the serial number it had.
CREATE TABLE former_zones (
  name   TEXT PRIMARY KEY,
  serial INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
