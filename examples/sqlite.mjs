// Circuits shared through a SQLite file, by the processes of one host: node examples/sqlite.mjs failfast.db
import Database from "better-sqlite3"; // or: import { DatabaseSync as Database } from "node:sqlite";
import { createFailfast } from "failfast";
import { sqliteStore } from "failfast/sqlite";

const database = new Database(process.argv[2] ?? "failfast.db");
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
const store = sqliteStore(database, { prefix: "example" });
store.migrate();
const failfast = createFailfast({ store });
const salesApi = failfast("sales_api", 60);

await salesApi.trip({ reason: "an example" });
const row = database.prepare("SELECT value FROM failfast WHERE prefix = 'example'").get();
console.log(salesApi.state, row.value);
await salesApi.reset();
console.log(salesApi.state);
await failfast.close();
database.close();
