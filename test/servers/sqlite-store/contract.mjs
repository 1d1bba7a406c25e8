// The store contract on the SQLite of the runtime that runs this, Node's or Bun's own. Prints what failed, as JSON.
// bun test/servers/sqlite-store/contract.mjs FILE
import { sqliteStore } from "../../../dist/stores/sqlite.js";
import { storeContract } from "../../../dist/testing/index.js";

const file = process.argv[2];
const name = globalThis.Bun ? "bun:sqlite" : "node:sqlite";
const { Database, DatabaseSync = Database } = await import(name);
const makeStore = () => {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA synchronous = OFF"); // The disk is not under test.
  const store = sqliteStore(database);
  store.migrate();
  return { store, close: () => database.close() };
};
const failed = [];
const cases = storeContract(makeStore, { verbs: ["swap", "list"] });
await Promise.all(
  cases.map(({ name, run }) => run().catch((error) => failed.push(`${name}: ${error.message}`))),
);
console.log(JSON.stringify({ cases: cases.length, failed }));
