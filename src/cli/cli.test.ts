import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { OperatorResult } from "../breaker/operator.js";
import { observeFleet } from "../fleet/fleet.js";
import type { Store } from "../options/store.js";
import { memoryStore } from "../stores/memory.js";
import { readArguments } from "./arguments.js";
import type { Command, Session } from "./command.js";
import { migrate } from "./commands/migrate.js";
import { status } from "./commands/status.js";
import { hold, trip } from "./commands/verbs.js";
import { examine } from "./examine.js";
import { Terminal } from "./terminal.js";
import { momentOf } from "./times.js";

/** A stream that keeps its output. */
class Written extends EventEmitter {
  text = "";

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

const terminalOn = (stream: Written, broken?: () => void): Terminal =>
  new Terminal(stream as unknown as NodeJS.WriteStream, { NO_COLOR: "1" }, broken);

/** Runs a command with a store whose verbs give these answers. */
function run(command: Command, args: readonly string[], store: Store, answer: OperatorResult) {
  const [out, err] = [new Written(), new Written()];
  const verb = vi.fn(async (_name: string) => answer);
  const session = {
    args: readArguments("it", command.flags, args, {}),
    ...{ out: terminalOn(out), err: terminalOn(err), store },
    ...{ env: {}, address: "memcached://here", by: "alice" },
    fleet: {
      forAll: (names: readonly string[], act: (verbs: object, name: string) => Promise<OperatorResult>) =>
        Promise.all(names.map((name) => act({ trip: verb, hold: verb }, name))),
    },
    interrupted: new AbortController().signal,
  } as unknown as Session;
  return { out, err, verb, code: command.run(session) };
}

describe("5 000 circuits", () => {
  test("are listed with two store operations, and measured without parsing their names", async () => {
    const beside = memoryStore();
    const { list, ...store } = { ...memoryStore(), sibling: () => beside };
    const at = Date.now();
    for (let n = 0; n < 5_000; n++) {
      const record = { v: 1, revision: at, generation: at, nonce: "n", state: "closed", by: "web-1", at };
      await store.set(`circuit:shop-${n}`, JSON.stringify(record), 60_000);
    }
    const lists = vi.fn((prefix: string) => list?.(prefix) ?? []);
    const get = vi.fn(store.get);
    const segment = vi.spyOn(Intl.Segmenter.prototype, "segment");
    const observed = { ...store, get, list: lists };
    const fleet = observeFleet(observed);
    const out = new Written();
    const session = {
      args: readArguments("status", status.flags, [], {}),
      ...{ out: terminalOn(out), store: observed, fleet, address: "here" },
    } as unknown as Session;
    expect(await status.run(session)).toBe(0);
    await fleet[Symbol.asyncDispose]();
    expect(out.text.split("\n").length).toBeGreaterThan(5_000);
    expect([lists.mock.calls.length, get.mock.calls.length]).toEqual([1, 0]);
    expect(segment.mock.calls.length).toBeLessThan(10);
    segment.mockRestore();
  });
});

describe("a store that can't list", () => {
  const { list: _, ...store } = memoryStore();
  const unknown = { stored: true, known: false } as const;

  test("and has no record of a name: stderr and the exit code say so", async () => {
    const { out, err, code } = run(trip, ["sales_apo"], store, unknown);
    expect(await code).toBe(3);
    expect(out.text).toMatch(/done {2}open sales_apo/);
    expect(err.text).toMatch(/no record of "sales_apo": is the name misspelt\?/);
  });

  test("is not asked about a name that --new confirms, or that it knows", async () => {
    for (const [args, answer] of [
      [["sales_api", "--new"], unknown],
      [["sales_api"], { stored: true }],
    ] as const) {
      const { err, code } = run(trip, args, store, answer);
      expect(await code).toBe(0);
      expect(err.text).toBe("");
    }
  });

  test("can't be used with a pattern, unless the pattern is escaped", async () => {
    const refused = run(hold, ["open", "sales_*"], store, unknown);
    await expect(refused.code).rejects.toMatchObject({
      code: 2,
      message: expect.stringMatching(/whole names/),
    });
    expect(refused.verb).not.toHaveBeenCalled();
    expect(await run(hold, ["open", "sales_*", "--exact"], store, { stored: true }).code).toBe(0);
  });
});

describe("migrate", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("says that a store hangs, and does not say that it is ready", async () => {
    const hangs = { ...memoryStore(), get: () => new Promise<never>(() => undefined) };
    const { out, code } = run(migrate, [], hangs, { stored: true });
    const said = expect(code).rejects.toMatchObject({
      code: 1,
      message: expect.stringMatching(/no answer within/),
    });
    await vi.advanceTimersByTimeAsync(10_000);
    await said;
    expect(out.text).toBe("");
  });

  test("creates the table of a store that fails because the table is missing", async () => {
    let made = false;
    const store = {
      ...memoryStore(),
      get: async () => {
        if (!made) throw new Error("no such table");
        return null;
      },
      migrate: async () => {
        made = true;
      },
    };
    const { out, code } = run(migrate, [], store, { stored: true });
    expect(await code).toBe(0);
    expect(out.text).toMatch(/is ready/);
  });

  test("reports the store's error if the store can't be read afterwards either", async () => {
    const store = { ...memoryStore(), get: () => Promise.reject(new Error("ECONNREFUSED")) };
    await expect(run(migrate, [], store, { stored: true }).code).rejects.toThrow(/ECONNREFUSED/);
  });
});

test("the doctor asks for the right password if the client is not ready because of it", async () => {
  const said = "the Redis client is not ready (it is connecting), nothing was sent: WRONGPASS invalid pair";
  const findings = [];
  for await (const found of examine({ ...memoryStore(), get: () => Promise.reject(new Error(said)) }))
    findings.push(found);
  expect(findings).toMatchObject([
    { verdict: "failed", mend: expect.stringMatching(/right user and password/) },
  ]);
});

describe("a terminal", () => {
  const gone = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });

  test("whose reader has gone does not end the process by itself, and notifies the caller", () => {
    const [stream, told] = [new Written(), vi.fn()];
    terminalOn(stream);
    stream.emit("error", gone);
    terminalOn(stream, told);
    stream.emit("error", gone);
    expect(told).toHaveBeenCalledOnce();
  });

  test("shows a table with more rows than a function can take arguments", () => {
    const rows = Array.from({ length: 130_000 }, (_, at) => [{ text: String(at) }]);
    expect(terminalOn(new Written()).table(["CIRCUIT"], rows)).toHaveLength(130_001);
  });
});

describe("a time", () => {
  const now = Date.parse("2026-11-28T12:00Z");

  test("of --for is a duration: a date belongs to --until", () => {
    expect(momentOf("for", "10m", now)).toBe(now + 600_000);
    expect(momentOf("until", "2026-11-28T12:10Z", now)).toBe(now + 600_000);
    expect(() => momentOf("for", "2026-11-28T12:10Z", now)).toThrow(/write "10m". For a date use --until/);
  });
});
