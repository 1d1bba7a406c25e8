-- The table of postgresStore(), as its migrate() makes it.
CREATE TABLE IF NOT EXISTS failfast (
  prefix text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (prefix, key)
);
