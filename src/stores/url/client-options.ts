// What the query of a URL may contain for each client, besides the options of the store.

/** For `ioredis` and `iovalkey`. */
export const IOREDIS_OPTIONS: readonly string[] = [
  ...["family", "db", "keyPrefix", "connectionName", "connectTimeout", "commandTimeout", "socketTimeout"],
  ...["keepAlive", "enableReadyCheck", "maxRetriesPerRequest", "protocol"],
];

/** For `pg` and `postgres`. */
export const LIBPQ_OPTIONS: readonly string[] = [
  ...["host", "port", "user", "password", "dbname", "database", "options", "application_name"],
  ...["fallback_application_name", "client_encoding", "ssl", "sslmode", "sslcert", "sslkey", "sslrootcert"],
  ...["sslnegotiation", "sslpassword", "uselibpqcompat", "channel_binding", "target_session_attrs"],
  ...["connect_timeout", "connectionTimeoutMillis", "statement_timeout", "query_timeout", "lock_timeout"],
  ...["idle_in_transaction_session_timeout", "keepalives", "keepAlive", "max", "search_path", "schema"],
];

/** For `mysql2`. */
export const MYSQL2_OPTIONS: readonly string[] = [
  ...["ssl", "sslmode", "ssl-mode", "charset", "timezone", "connectTimeout", "connectionLimit", "flags"],
  ...["multipleStatements", "enableKeepAlive", "maxIdle", "idleTimeout", "socketPath", "compress"],
];
