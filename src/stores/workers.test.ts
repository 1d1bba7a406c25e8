import { createStorage } from "unstorage";
import cloudflareKv from "unstorage/drivers/cloudflare-kv-binding";
import { describe, expect, it, vi } from "vitest";
import { cacheStore } from "./cache.js";
import { durableObjectStore } from "./workers.js";

const nothing = async (): Promise<null> => null;
const kv = { get: nothing, getWithMetadata: nothing, put: nothing, delete: nothing, list: nothing };
const namespace = {
  idFromName: (name: string) => ({ name }),
  get: () => ({ fetch: async () => ({ status: 404, text: async () => "nothing here" }) }),
};

describe("durableObjectStore()", () => {
  it("has every verb but watch if polled, and watch inside a Durable Object", () => {
    expect(durableObjectStore(namespace)).not.toHaveProperty("watch");
    expect(durableObjectStore(namespace, { push: { storage: {} } })).toHaveProperty("watch");
  });

  it("reports an object that answers something else", async () => {
    await expect(durableObjectStore(namespace).get("a")).rejects.toThrow(
      'the Durable Object answered 404 "nothing here": is its class FailfastDurableObject of failfast/workers?',
    );
  });

  it.each([
    ["KV", kv, /got a KV namespace, and circuits can't be kept in one/],
    ["an object's stub", { fetch: nothing }, /got one object/],
    ["a missing binding", undefined, /is it bound under another name\?/],
    ["a name", "FAILFAST", /got string/],
    ["null", null, /got null/],
  ])("refuses %s", (_what, given, says) => {
    expect(() => durableObjectStore(given as never)).toThrow(TypeError);
    expect(() => durableObjectStore(given as never)).toThrow(says);
  });

  it.each([true, {}, null, "yes"])("refuses %j as the state of the Durable Object that calls", (push) => {
    expect(() => durableObjectStore(namespace, { push } as never)).toThrow(/its this\.ctx/);
  });

  it("refuses an empty prefix, and an unknown option", () => {
    expect(() => durableObjectStore(namespace, { prefix: "" })).toThrow(TypeError);
    expect(() => durableObjectStore(namespace, { polls: true } as never)).toThrow(/it takes prefix, push/);
  });
});

describe("FailfastDurableObject", () => {
  it.each(["getAlarm", "setAlarm"] as const)(
    "answers a write even if %s fails, sets the alarm with the next write, and runs again if it can't set it",
    async (failing) => {
      vi.stubGlobal("WebSocketRequestResponsePair", class {});
      vi.resetModules();
      const { FailfastDurableObject } = await import("./workers/durable-object.js");
      const storage = {
        sql: { exec: () => ({ raw: () => [[Date.now() + 60_000]], rowsWritten: 1 }) },
        getAlarm: vi.fn(async () => null),
        setAlarm: vi.fn(async (_moment: number) => undefined),
      };
      const state = {
        storage,
        acceptWebSocket: () => undefined,
        getWebSockets: () => [],
        setWebSocketAutoResponse: () => undefined,
      };
      const object = new FailfastDurableObject(state);
      const write = async (): Promise<unknown> => {
        const request = { headers: new Headers(), json: async () => ["swap", "a", null, "{}", 60_000] };
        return ((await object.fetch(request)) as Response).json();
      };
      const lost = new Error("storage was reset");
      storage[failing].mockRejectedValueOnce(lost);
      expect(await write()).toMatchObject({ answer: { ok: true } });
      storage.setAlarm.mockClear();
      await write();
      await write();
      expect(storage.setAlarm).toHaveBeenCalledTimes(1);
      // The platform calls an alarm again if it throws.
      storage[failing].mockRejectedValueOnce(lost);
      await expect(object.alarm()).rejects.toBe(lost);
      vi.unstubAllGlobals();
    },
  );
});

describe("cacheStore()", () => {
  it("refuses KV, and says what to use", () => {
    const refusal = /got a KV namespace.*durableObjectStore\(\) of failfast\/workers/;
    expect(() => cacheStore(kv as never, { ttlUnit: "s" })).toThrow(refusal);
    const storage = createStorage({ driver: cloudflareKv({ binding: kv as never }) });
    expect(() => cacheStore(storage as never)).toThrow(refusal);
  });
});
