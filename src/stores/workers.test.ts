import { createStorage } from "unstorage";
import cloudflareKv from "unstorage/drivers/cloudflare-kv-binding";
import { describe, expect, it } from "vitest";
import { cacheStore } from "./cache.js";
import { durableObjectStore } from "./workers.js";

const nothing = async (): Promise<null> => null;
const kv = { get: nothing, getWithMetadata: nothing, put: nothing, delete: nothing, list: nothing };
const namespace = {
  idFromName: (name: string) => ({ name }),
  get: () => ({ fetch: async () => ({ status: 404, text: async () => "nothing here" }) }),
};

describe("durableObjectStore()", () => {
  it("has every verb but watch where it is polled, and watch where a Durable Object calls", () => {
    expect(durableObjectStore(namespace)).not.toHaveProperty("watch");
    expect(durableObjectStore(namespace, { push: { storage: {} } })).toHaveProperty("watch");
  });

  it("says what it took for its object where that answers something else", async () => {
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

  it("refuses an empty prefix, and an option that it doesn't know", () => {
    expect(() => durableObjectStore(namespace, { prefix: "" })).toThrow(TypeError);
    expect(() => durableObjectStore(namespace, { polls: true } as never)).toThrow(/it takes prefix, push/);
  });
});

describe("cacheStore()", () => {
  it("refuses KV, and says where to go", () => {
    const refusal = /got a KV namespace.*durableObjectStore\(\) of failfast\/workers/;
    expect(() => cacheStore(kv as never, { ttlUnit: "s" })).toThrow(refusal);
    const storage = createStorage({ driver: cloudflareKv({ binding: kv as never }) });
    expect(() => cacheStore(storage as never)).toThrow(refusal);
  });
});
