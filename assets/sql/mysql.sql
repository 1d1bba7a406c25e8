-- The table of mysqlStore(), in MySQL 5.7 or MariaDB 10.3, or newer. store.migrate() does the same.
CREATE TABLE IF NOT EXISTS `failfast` (
  fleet BINARY(32) NOT NULL COMMENT 'SHA-256 of prefix',
  id BINARY(32) NOT NULL COMMENT 'SHA-256 of name',
  prefix LONGTEXT NOT NULL,
  name LONGTEXT NOT NULL,
  value LONGTEXT NOT NULL,
  expires_at BIGINT NOT NULL COMMENT 'ms since the epoch',
  changed BIGINT NOT NULL DEFAULT 0 COMMENT 'microseconds since the epoch',
  PRIMARY KEY (fleet, id),
  KEY changed (fleet, changed),
  KEY expires (fleet, expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A table of an earlier version works without the index "expires", but each write then reads all records of its fleet to
-- find old ones. store.migrate() doesn't add it, because that waits for every open transaction on the table. At a quiet
-- moment:
-- ALTER TABLE `failfast` ADD KEY expires (fleet, expires_at), ALGORITHM = INPLACE, LOCK = NONE;
