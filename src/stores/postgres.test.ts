import { expect, test } from "vitest";
import { postgresStore } from "./postgres.js";

/** A pool whose first statement fails as given. */
function poolThatFails(code: string) {
  const sent: string[] = [];
  return {
    sent,
    async query(text: string) {
      sent.push(text);
      if (sent.length === 1) throw Object.assign(new Error("another process made it meanwhile"), { code });
      return { rows: [] };
    },
  };
}

test.each([
  ["its entry in the catalogue", "23505"],
  ["the table", "42P07"],
  ["the table's row type", "42710"],
])("migrate() goes on where another process has just made %s", async (_, code) => {
  const pool = poolThatFails(code);
  await postgresStore(pool as never).migrate();
  expect(pool.sent[1]).toBe(pool.sent[0]);
  expect(pool.sent).toHaveLength(4);
});

test("migrate() rejects with any other error", async () => {
  await expect(postgresStore(poolThatFails("42501") as never).migrate()).rejects.toThrow();
});
