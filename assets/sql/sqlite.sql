-- The table of sqliteStore(), as its migrate() makes it.
CREATE TABLE IF NOT EXISTS failfast (
  prefix TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  expires_at INTEGER NOT NULL, -- ms since the epoch
  changed INTEGER NOT NULL DEFAULT 0, -- grows with every write
  PRIMARY KEY (prefix, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS failfast_changed ON failfast (prefix, changed);
