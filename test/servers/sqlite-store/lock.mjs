// Takes a SQLite file's lock, says so, and keeps it until it is killed.
import Database from "better-sqlite3";

const database = new Database(process.argv[2]);
database.exec("BEGIN EXCLUSIVE");
process.send("locked");
setInterval(() => {}, 1_000);
