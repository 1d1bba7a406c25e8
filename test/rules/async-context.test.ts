import { AsyncLocalStorage } from "node:async_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { createFailfast, type Failfast, memoryStore, type Store } from "../../src/index.js";

const request = new AsyncLocalStorage<object>();
const made: Failfast[] = [];
afterEach(() => Promise.all(made.splice(0).map((each) => each.close())));

function fleet(store: Store): Failfast {
  const failfast = createFailfast({ store });
  made.push(failfast);
  return failfast;
}

/** A store that answers with promises, and notes in which context it was asked. */
function askedIn(contexts: unknown[], shared: Store = memoryStore()): Store {
  const noted =
    <A extends unknown[], T>(verb: (...args: A) => T) =>
    async (...args: A): Promise<Awaited<T>> => {
      contexts.push(request.getStore());
      return await verb(...args);
    };
  const { swap, list } = shared as Required<Store>;
  return {
    get: noted(shared.get),
    set: noted(shared.set),
    delete: noted(shared.delete),
    swap: noted(swap),
    list: noted(list),
  };
}

const fails = async (): Promise<never> => {
  throw new Error("down");
};

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("it did not come about in 20 s");
    await new Promise((turn) => setTimeout(turn, 5));
  }
}

describe("the async context of a request", () => {
  it("does not reach the store operations and polls that its call starts", async () => {
    const contexts: unknown[] = [];
    const salesApi = fleet(askedIn(contexts))("sales_api", 60);
    await request.run({ of: "the first request" }, async () => {
      await expect(salesApi.run(fails)).rejects.toThrow("down");
    });
    const before = contexts.length;
    await until(() => contexts.length > before + 2);
    expect(contexts.filter((each) => each !== undefined)).toEqual([]);
  });

  it("does not reach the listeners of remote changes", async () => {
    const shared = memoryStore();
    const here = fleet(askedIn([], shared));
    const heard: unknown[] = [];
    const salesApi = here("sales_api", 60);
    salesApi.on("open", () => heard.push(request.getStore()));
    await request.run({ of: "the first request" }, () => salesApi.run(() => 1));
    await fleet(shared)("sales_api", 60).trip();
    await until(() => heard.length > 0);
    expect(heard).toEqual([undefined]);
  });

  it("reaches the listeners of its own call", async () => {
    const salesApi = fleet(askedIn([]))("sales_api", 60);
    const heard: unknown[] = [];
    for (const name of ["failure", "reject"] as const)
      salesApi.on(name, () => heard.push([name, request.getStore()]));
    const [first, second] = [{ of: "the first request" }, { of: "the second" }];
    await request.run(first, () => salesApi.run(fails).catch(() => {}));
    await request.run(second, () => salesApi.run(fails).catch(() => {}));
    expect(heard).toEqual([
      ["failure", first],
      ["reject", second],
    ]);
  });

  it("reaches the signal's abort listeners at a time-out", async () => {
    const salesApi = fleet(askedIn([]))("sales_api", 60, { callTimeout: "10ms" });
    const own = { of: "the caller" };
    const seen: unknown[] = [];
    salesApi.on("failure", () => seen.push(request.getStore()));
    await request.run(own, async () => {
      const hangs = (signal: unknown): Promise<never> => {
        (signal as AbortSignal).addEventListener("abort", () => seen.push(request.getStore()));
        return new Promise(() => {});
      };
      await expect(salesApi.run(hangs)).rejects.toThrow("10 ms");
    });
    expect(seen).toEqual([own, own]);
  });

  it("is released with the request, whatever still runs in the background", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const failing = { ...memoryStore(), list: fails, swap: fails, get: fails };
    const circuits = [memoryStore(), askedIn([]), failing].map((store) =>
      fleet(store)("sales_api", 60, {
        slowCall: "2s",
        failureRate: 0.5,
        minimumCalls: 2,
        callTimeout: "30s",
      }),
    );
    const held = await (async () => {
      const data = { of: "the first request" };
      await request.run(data, async () => {
        for (const salesApi of circuits) {
          for (let call = 0; call < 5; call++) await salesApi.run(fails).catch(() => {});
        }
      });
      return new WeakRef(data);
    })();
    await until(() => {
      collect();
      return held.deref() === undefined;
    });
  });
});
