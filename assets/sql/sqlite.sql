-- The table of sqliteStore(), as its migrate() makes it.
CREATE TABLE IF NOT EXISTS failfast (
  prefix TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  expires_at INTEGER NOT NULL, -- ms since the epoch
  PRIMARY KEY (prefix, name)
) WITHOUT ROWID;
