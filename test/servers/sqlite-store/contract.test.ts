import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sqliteStore } from "../../../src/stores/sqlite.js";
import { storeContract } from "../../../src/testing/index.js";
import { runtimes } from "./runtimes.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "failfast-sqlite-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(["DELETE", "WAL"])("the store contract on better-sqlite3, journal_mode = %s", (mode) => {
  const makeStore = () => {
    const database = new Database(join(folder, `${mode}.db`));
    database.pragma(`journal_mode = ${mode}`);
    database.pragma("synchronous = OFF"); // The disk is not under test.
    // Whatever the caller's settings, the store gets numbers.
    database.defaultSafeIntegers(mode === "WAL");
    const store = sqliteStore(database);
    store.migrate();
    return { store, close: () => void database.close() };
  };
  for (const { name, run } of storeContract(makeStore, { verbs: ["swap", "list"] }))
    test.concurrent(name, run);
});

describe.each(runtimes)("the store contract on $sqlite", ({ sqlite, program }) => {
  test("passes", () => {
    const script = "test/servers/sqlite-store/contract.mjs";
    const printed = execFileSync(program, [script, join(folder, `${sqlite}.db`)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { cases, failed } = JSON.parse(printed);
    expect(failed).toEqual([]);
    expect(cases).toBeGreaterThan(50);
  });
});
