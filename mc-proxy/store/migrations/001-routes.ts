/** Routes and firewall rules. */
export const routesSchema = `
CREATE TABLE routes (
  hostname            TEXT NOT NULL,
  port                INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
  mode                TEXT NOT NULL CHECK (mode IN ('l4', 'l7')),
  backend_host        TEXT NOT NULL,
  backend_port        INTEGER NOT NULL CHECK (backend_port BETWEEN 1 AND 65535),
  backend_protocol    TEXT NOT NULL CHECK (backend_protocol IN ('http1', 'h2c', 'tls')),
  send_proxy_protocol INTEGER NOT NULL CHECK (send_proxy_protocol IN (0, 1)),
  owner               TEXT NOT NULL,
  maintenance         INTEGER NOT NULL CHECK (maintenance IN (0, 1)),
  max_body_bytes      INTEGER NOT NULL,
  rate_limit          INTEGER NOT NULL,
  updated_at_ms       INTEGER NOT NULL,
  PRIMARY KEY (hostname, port)
) STRICT, WITHOUT ROWID;

CREATE TABLE firewall_rules (
  id      TEXT PRIMARY KEY,
  action  TEXT NOT NULL CHECK (action IN ('deny', 'allow')),
  cidr    TEXT,
  country TEXT,
  port    INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
  comment TEXT NOT NULL,
  CHECK ((cidr IS NULL) <> (country IS NULL))
) STRICT, WITHOUT ROWID;
`;
