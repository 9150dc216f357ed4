/** Records are encrypted with a barrier key, barrier keys with the root key, and the root key once per slot: with what
 * a passphrase, shares or a key file yield. Audit entries are in clear, and hold no secrets. */
export const metacryptSchema = `
  CREATE TABLE records (
    path TEXT PRIMARY KEY,
    key_version INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX records_by_key ON records (key_version);

  CREATE TABLE barrier_keys (
    version INTEGER PRIMARY KEY,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;

  CREATE TABLE root_key_slots (
    kind TEXT PRIMARY KEY,
    parameters TEXT NOT NULL,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;

  CREATE TABLE audit_entries (
    sequence INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    operation TEXT NOT NULL,
    mount TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL,
    facts TEXT NOT NULL,
    hash BLOB NOT NULL
  ) STRICT;

  -- Where the chain begins since the oldest entries were removed.
  CREATE TABLE audit_anchor (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL
  ) STRICT;
`;
