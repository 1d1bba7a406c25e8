import { describe, expect, test, vi } from "vitest";
import type { Store } from "../options/store.js";
import { memoryStore } from "../stores/memory.js";
import { caseOf, plainGet } from "./contract-case.fixture.js";
import { storeContract } from "./index.js";

describe("the cases", () => {
  test("have unique names that say what they check", () => {
    const names = storeContract(() => memoryStore()).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(70);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names)
      expect(name).toMatch(/^(verbs|keys|values|ttl|get|set|delete|swap|list|watch|sibling): \S/);
  });

  test("take no argument, because some runners would take that for a callback", () => {
    for (const { run } of storeContract(() => memoryStore())) expect(run).toHaveLength(0);
  });

  test("are made for the verbs named, and make no store before they run", () => {
    const makeStore = vi.fn(() => memoryStore());
    const about = (verbs: ("swap" | "list" | "watch")[]) =>
      new Set(storeContract(makeStore, { verbs }).map(({ name }) => name.split(":")[0]));
    const always = ["verbs", "keys", "values", "ttl", "get", "set", "delete", "sibling"];
    expect(about([])).toEqual(new Set(always));
    expect(about(["list"])).toEqual(new Set([...always, "list"]));
    expect(about(["watch", "swap"])).toEqual(new Set([...always, "swap", "watch"]));
    expect(makeStore).not.toHaveBeenCalled();
  });

  test("that need two verbs are made if both are named", () => {
    const makes = (verbs: ("swap" | "list" | "watch")[], name: string) =>
      storeContract(() => memoryStore(), { verbs }).some((each) => each.name === name);
    expect(makes(["list"], "list: gives what was swapped in")).toBe(false);
    expect(makes(["swap"], "list: gives what was swapped in")).toBe(false);
    expect(makes(["list", "swap"], "list: gives what was swapped in")).toBe(true);
  });

  test("use keys of their own in every run", async () => {
    const keys = new Set<string>();
    const recording = (): Store => {
      const store = memoryStore();
      return { ...store, get: (key) => void keys.add(key) };
    };
    const once = caseOf(plainGet, recording);
    await once.run();
    await once.run();
    await caseOf(plainGet, recording).run();
    expect(keys.size).toBe(3);
    for (const key of keys) expect(key).toMatch(/^contract:[a-z0-9]+:\d+:/);
  });
});

describe("the handles", () => {
  test("are two in every case, and both are closed after it", async () => {
    const events: string[] = [];
    let made = 0;
    await caseOf(plainGet, async () => {
      made += 1;
      const name = `handle ${made}`;
      events.push(`open ${name}`);
      return { store: memoryStore(), close: async () => void events.push(`close ${name}`) };
    }).run();
    expect(events).toEqual(["open handle 1", "open handle 2", "close handle 2", "close handle 1"]);
  });

  test("are closed after a failed case, whose own error comes first", async () => {
    const close = vi.fn(() => Promise.reject(new Error("of closing")));
    const failing = caseOf(plainGet, () => ({ store: { ...memoryStore(), get: () => "something" }, close }));
    await expect(failing.run()).rejects.toThrow('get: expected null for a key never stored, got "something"');
    expect(close).toHaveBeenCalledTimes(2);
  });

  test("that can't be closed fail the case, and so do those that can't be made", async () => {
    const close = () => Promise.reject(new Error("of closing"));
    await expect(caseOf(plainGet, () => ({ store: memoryStore(), close })).run()).rejects.toThrow(
      "of closing",
    );
    await expect(caseOf(plainGet, () => Promise.reject(new Error("of making"))).run()).rejects.toThrow(
      "of making",
    );
  });

  test("are closed after the watchers of the case have ended", async () => {
    const events: string[] = [];
    const name = "watch: a change by the same handle arrives";
    await caseOf(name, () => {
      const store = memoryStore();
      const watch: NonNullable<Store["watch"]> = async (...args) => {
        const handle = await store.watch?.(...args);
        return {
          async [Symbol.asyncDispose]() {
            await handle?.[Symbol.asyncDispose]();
            events.push("ended");
          },
        };
      };
      return { store: { ...store, watch }, close: () => events.push("closed") };
    }).run();
    expect(events).toEqual(["ended", "closed", "closed"]);
  });

  test("may be instances of a class with its own this", async () => {
    class Mapped implements Store {
      readonly #held = new Map<string, string>();
      get(key: string) {
        return this.#held.get(key);
      }
      set(key: string, value: string) {
        this.#held.set(key, value);
      }
      delete(key: string) {
        this.#held.delete(key);
      }
      swap(key: string, _expect: string | null, value: string) {
        this.#held.set(key, value);
        return { ok: true, value };
      }
    }
    const store = new Mapped();
    await caseOf("swap: expecting nothing where nothing is stored, it writes", () => store).run();
  });
});
