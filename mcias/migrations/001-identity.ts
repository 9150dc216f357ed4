/** Accounts, logins, keys, tokens, protocol records and the audit log. */
export const identitySchema = `
CREATE TABLE accounts (
  name          TEXT PRIMARY KEY,
  kind          TEXT NOT NULL CHECK (kind IN ('human', 'system')),
  disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
  password_hash TEXT,
  secret_hash   TEXT,
  created_at_ms INTEGER NOT NULL,
  CHECK ((kind = 'human') = (password_hash IS NOT NULL)),
  CHECK ((kind = 'system') = (secret_hash IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE account_roles (
  account       TEXT NOT NULL REFERENCES accounts (name),
  role          TEXT NOT NULL CHECK (role IN ('admin', 'user', 'guest')),
  granted_at_ms INTEGER NOT NULL,
  PRIMARY KEY (account, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE login_failures (
  account    TEXT PRIMARY KEY,
  failures   INTEGER NOT NULL,
  last_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_failures_by_time ON login_failures (last_at_ms);

CREATE TABLE signing_keys (
  kid             TEXT PRIMARY KEY,
  state           TEXT NOT NULL CHECK (state IN ('next', 'current', 'previous')),
  public_jwk      TEXT NOT NULL,
  private_jwk     TEXT,
  created_at_ms   INTEGER NOT NULL,
  activated_at_ms INTEGER,
  retired_at_ms   INTEGER,
  CHECK ((state = 'previous') = (private_jwk IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_signing_key_per_live_state ON signing_keys (state) WHERE state <> 'previous';

CREATE TABLE issued_tokens (
  jti           TEXT PRIMARY KEY,
  account       TEXT NOT NULL REFERENCES accounts (name),
  client_id     TEXT NOT NULL,
  grant_id      TEXT,
  kid           TEXT NOT NULL,
  scope         TEXT NOT NULL,
  issued_at_ms  INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX issued_tokens_by_grant ON issued_tokens (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX issued_tokens_by_account ON issued_tokens (account);
CREATE INDEX issued_tokens_by_expiry ON issued_tokens (expires_at_ms);

CREATE TABLE protocol_records (
  model          TEXT NOT NULL,
  id             TEXT NOT NULL,
  payload        TEXT NOT NULL,
  account        TEXT,
  grant_id       TEXT,
  user_code      TEXT,
  uid            TEXT,
  consumed_at_ms INTEGER,
  expires_at_ms  INTEGER NOT NULL,
  PRIMARY KEY (model, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX protocol_records_by_grant ON protocol_records (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX protocol_records_by_account ON protocol_records (account) WHERE account IS NOT NULL;
CREATE UNIQUE INDEX protocol_records_by_user_code ON protocol_records (model, user_code) WHERE user_code IS NOT NULL;
CREATE UNIQUE INDEX protocol_records_by_uid ON protocol_records (model, uid) WHERE uid IS NOT NULL;
CREATE INDEX protocol_records_by_expiry ON protocol_records (expires_at_ms);

CREATE TABLE audit_log (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms        INTEGER NOT NULL,
  event        TEXT NOT NULL,
  outcome      TEXT NOT NULL CHECK (outcome IN ('ok', 'denied')),
  account      TEXT,
  actor        TEXT,
  client_id    TEXT,
  address      TEXT,
  service_name TEXT,
  detail       TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (at_ms);
`;
