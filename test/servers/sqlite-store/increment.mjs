// Counts on in a SQLite file, by swaps alone, beside other processes: prints how often the lock was not to be had.
//
//     node test/servers/sqlite-store/increment.mjs FILE TIMES
import Database from "better-sqlite3";
import { sqliteStore } from "../../../dist/stores/sqlite.js";

const [file, times] = process.argv.slice(2);
const database = new Database(file);
database.pragma("synchronous = OFF");
const store = sqliteStore(database);
let busy = 0;
for (let counted = 0; counted < Number(times); ) {
  try {
    const stored = store.get("count");
    if (store.swap("count", stored, String(Number(stored) + 1), 60_000).ok) counted++;
  } catch (error) {
    if (!String(error.code).startsWith("SQLITE_BUSY")) throw error;
    busy++;
  }
}
console.log(busy);
