import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { mysqlStore } from "../mysql.js";
import { postgresStore } from "../postgres.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Another process makes the same table, the first time. */
function losesOnce<Answer>(code: string | number, answer: Answer) {
  const asked = { times: 0 };
  const query = async (): Promise<Answer> => {
    asked.times += 1;
    if (asked.times === 1) throw Object.assign(new Error("lost"), { code, errno: code });
    return answer;
  };
  return { asked, query };
}

const postgres = losesOnce("42P07", []);
const mysql = losesOnce(1213, [[], []] as const);
const connection = { query: mysql.query, release: () => undefined, destroy: () => undefined };
const stores = [
  ["postgresStore", postgresStore({ query: postgres.query }), postgres.asked],
  ["mysqlStore", mysqlStore({ getConnection: async () => connection }), mysql.asked],
] as const;

test.each(stores)(
  "migrate() of %s keeps the process alive while it waits to try again",
  async (_, store, asked) => {
    const realTimers = () => process.getActiveResourcesInfo().filter((what) => what === "Timeout").length;
    const before = realTimers();
    const migrated = store.migrate();
    await new Promise(setImmediate);
    expect(asked.times).toBe(1);
    expect(realTimers()).toBe(before + 1);
    await vi.runAllTimersAsync();
    await migrated;
    expect(realTimers()).toBe(before);
  },
);
