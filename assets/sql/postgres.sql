-- The table of postgresStore(), as its migrate() makes it.
CREATE TABLE IF NOT EXISTS failfast (
  prefix text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text NOT NULL,
  expires_at timestamptz NOT NULL,
  changed bigint NOT NULL DEFAULT txid_current(), -- the transaction that wrote it
  PRIMARY KEY (prefix, key)
);
CREATE INDEX IF NOT EXISTS failfast_changed ON failfast (prefix, changed);
CREATE INDEX IF NOT EXISTS failfast_expires ON failfast (prefix, expires_at);
