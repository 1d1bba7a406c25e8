import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createFailfast, type Failfast, type FailfastDefaults } from "../../../src/index.js";
import { type DjangoCacheStoreOptions, djangoCacheStore } from "../../../src/stores/django.js";
import { type CacheServer, combinations, type Reached } from "./caches.js";
import { type Python, startPython } from "./start-python.js";

const soon = { timeout: 40_000, interval: 20 };
const NAME = "sales_api";
const fail = (): Promise<never> => Promise.reject(new Error("backend"));
/** On a busy machine a store is slow, and requests that time out have to be repeated. */
const stored = (verb: () => Promise<{ readonly stored: boolean }>): Promise<void> =>
  expect.poll(async () => (await verb()).stored, soon).toBe(true);
const serve = async (): Promise<string> => "served";

describe.skipIf(process.platform === "win32").each(combinations.filter(({ django }) => django))(
  "a fleet of Node and Python over $name",
  ({ django = { newer: false }, tellsTime, whole, start }) => {
    let server: CacheServer;
    let python: Python;
    let opened: { failfast: Failfast; reached: Reached }[];
    let reached: Reached;
    beforeAll(async () => {
      server = await start();
      python = startPython(server.settings, django);
      await python.ask("migrate");
    });
    afterAll(async () => {
      await python?.stop();
      await server?.stop();
    });
    beforeEach(async () => {
      opened = [];
      reached = await server.reach();
    });
    afterEach(async () => {
      await Promise.all(opened.map(({ failfast }) => failfast.close()));
      for (const each of opened) await each.reached.close();
      await reached.records.delete(`circuit:${NAME}`);
      await reached.records.delete(`hold:${NAME}`);
      await python.ask("clear");
      await reached.close();
    });

    /** A Node process of the fleet, with a client of its own. */
    async function node(
      timeout: number,
      defaults: FailfastDefaults = {},
      options: DjangoCacheStoreOptions = {},
    ): Promise<Failfast> {
      const own = await server.reach();
      const store = djangoCacheStore(own.cache, { records: own.records, ...options });
      const failfast = createFailfast({ store, ...defaults });
      opened.push({ failfast, reached: own });
      failfast(NAME, timeout);
      await failfast.ready();
      return failfast;
    }
    /** Behaviour that is the same for every cache of a kind is tested on one of them. */
    const inWhole: (name: string, run: () => Promise<void>) => void = whole ? it : () => undefined;
    const rejectedInPython = () => python.call(NAME, 60, true);

    it("opens here for Python's own time after a failure in Python, even if that is longer than the circuit's", async () => {
      const [a, b] = [await node(60), await node(60)];
      expect(await python.call(NAME, 300, false)).toBe("failed");
      for (const each of [a, b]) {
        await expect.poll(() => each(NAME).state, soon).toBe("open");
        await expect(each(NAME).run(serve)).rejects.toMatchObject({ code: "ERR_FAILFAST_OPEN" });
        const least = tellsTime ? 200 : 1;
        expect(each(NAME).retryAfter).toBeGreaterThan(least);
        expect(each(NAME).retryAfter).toBeLessThanOrEqual(tellsTime ? 300 : 60);
      }
      expect(await rejectedInPython()).toBe("rejected");
      expect(a(NAME).snapshot()).toMatchObject({ reason: "opened by Python" });
      const late = await node(60);
      expect(late(NAME).state).toBe("open");
    });

    inWhole("when Python's time is over one process here probes, and all close", async () => {
      const [a, b] = [await node(60), await node(60)];
      expect(await python.call(NAME, 3, false)).toBe("failed");
      await expect.poll(() => [a(NAME).state, b(NAME).state], soon).toEqual(["open", "open"]);
      let probes = 0;
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const probe = (): Promise<void> => {
        probes++;
        return finished;
      };
      const everybodyCalls = (): number => {
        for (const each of [a, b])
          each(NAME)
            .run(probe)
            .catch(() => undefined);
        return probes;
      };
      await expect.poll(everybodyCalls, soon).toBe(1);
      await expect.poll(() => [a(NAME).state, b(NAME).state], soon).toEqual(["half-open", "half-open"]);
      for (let n = 0; n < 20; n++) {
        expect(everybodyCalls()).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      finish();
      await expect.poll(() => [a(NAME).state, b(NAME).state], soon).toEqual(["closed", "closed"]);
      expect(await python.call(NAME, 60, true)).toBe("served");
    });

    it("rejects in Python after a failure here, for as long as the circuit is open here", async () => {
      const a = await node(3);
      expect(await python.call(NAME, 60, true)).toBe("served");
      await expect(a(NAME).run(fail)).rejects.toThrow("backend");
      await expect.poll(rejectedInPython, { timeout: 2_000, interval: 10 }).toBe("rejected");
      // Up to its last second: the two clocks differ by a few ms.
      while (a(NAME).retryAfter > 1) {
        const answer = await rejectedInPython();
        if (a(NAME).retryAfter > 1) expect(answer).toBe("rejected");
      }
      await expect.poll(rejectedInPython, soon).toBe("served");
    });

    it("closes in Python at once after a closing here", async () => {
      const [a, b] = [await node(60), await node(60)];
      await stored(() => a(NAME).trip());
      expect(await rejectedInPython()).toBe("rejected");
      await expect.poll(() => b(NAME).state, soon).toBe("open");
      await stored(() => b(NAME).reset());
      expect(await rejectedInPython()).toBe("served");
      await expect.poll(() => a(NAME).state, soon).toBe("closed");
      expect(await rejectedInPython()).toBe("served");
      expect(await python.call(NAME, 60, false)).toBe("failed");
      await expect.poll(() => a(NAME).state, soon).toBe("open");
      await stored(() => a(NAME).reset());
      expect(await rejectedInPython()).toBe("served");
    });

    inWhole("an operator's hold reaches Python", async () => {
      const a = await node(60);
      await stored(() => a(NAME).hold("open"));
      expect(await rejectedInPython()).toBe("rejected");
      await python.ask("delete", NAME);
      await expect.poll(rejectedInPython, soon).toBe("rejected");
      await stored(() => a(NAME).release());
      expect(await rejectedInPython()).toBe("served");
    });

    inWhole("what Python resets may be probed here", async () => {
      const a = await node(60);
      expect(await python.call(NAME, 300, false)).toBe("failed");
      await expect.poll(() => a(NAME).state, soon).toBe("open");
      await python.ask("delete", NAME);
      await expect.poll(() => a(NAME).state, soon).toBe("half-open");
      expect(await a(NAME).run(serve)).toBe("served");
      expect(a(NAME).state).toBe("closed");
    });

    inWhole(
      "a marker that Django's cache lost, which was of a circuit open here, is there again",
      async () => {
        const a = await node(60);
        await expect(a(NAME).run(fail)).rejects.toThrow("backend");
        await expect.poll(rejectedInPython, soon).toBe("rejected");
        await python.ask("clear");
        await expect.poll(rejectedInPython, soon).toBe("rejected");
        expect(a(NAME).state).toBe("open");
      },
    );

    it("treats unknown bytes as open until they expire, without an exception", async () => {
      const a = await node(60);
      const down: unknown[] = [];
      a.on("store-down", ({ error }) => down.push(error));
      await reached.put(String(await python.ask("key", NAME)), "\x01{what", 3);
      await expect.poll(() => a(NAME).state, soon).toBe("open");
      await expect.poll(() => a(NAME).state, soon).toBe("half-open");
      expect(down.filter((error) => !/(no|not) answer/.test(String(error)))).toEqual([]);
    });

    inWhole("what Python takes for false is closed, and gives way to what is open here", async () => {
      await python.ask("set", NAME, 0, 300);
      const a = await node(60);
      expect(a(NAME).state).toBe("closed");
      await stored(() => a(NAME).trip());
      await expect.poll(rejectedInPython, soon).toBe("rejected");
    });

    it("uses Django's key: prefix, version and function", async () => {
      const { CACHES } = server.settings;
      for (const [settings, options] of [
        [
          { KEY_PREFIX: "shop", VERSION: 2 },
          { keyPrefix: "shop", version: 2 },
        ],
        [
          { KEY_PREFIX: "p", KEY_FUNCTION: "django_keys.shout" },
          {
            keyPrefix: "p",
            key: (name: string, prefix: string, version: number) =>
              `${prefix}/${name.toUpperCase()}/v${version}`,
          },
        ],
      ] as const) {
        const other = startPython(
          { ...server.settings, CACHES: { default: { ...CACHES.default, ...settings } } },
          django,
        );
        const a = await node(60, {}, options);
        await stored(() => a(NAME).trip());
        expect(await other.call(NAME, 60, true)).toBe("rejected");
        expect(await rejectedInPython()).toBe("served");
        await stored(() => a(NAME).reset());
        await other.call(NAME, 60, false);
        await expect.poll(() => a(NAME).state, soon).toBe("open");
        await stored(() => a(NAME).reset());
        await other.stop();
      }
    });

    inWhole("without records the markers alone are shared, and a quorum is refused", async () => {
      const alone = async (): Promise<Failfast> => {
        const own = await server.reach();
        const failfast = createFailfast({ store: djangoCacheStore(own.cache) });
        opened.push({ failfast, reached: own });
        failfast(NAME, 60);
        await failfast.ready();
        return failfast;
      };
      const [a, b] = [await alone(), await alone()];
      await expect(a(NAME).run(fail)).rejects.toThrow("backend");
      await expect.poll(() => b(NAME).state, soon).toBe("open");
      expect(await rejectedInPython()).toBe("rejected");
      await stored(() => a(NAME).reset());
      await expect.poll(() => b(NAME).state, soon).toBe("half-open");
      expect(await rejectedInPython()).toBe("served");
      expect(() => b("other", 60, { quorum: 2 })).toThrow(/no swap/);
    });

    it("writes digits that no serializer of Django's fails to read", async () => {
      const a = await node(60);
      const key = String(await python.ask("key", NAME));
      await stored(() => a(NAME).trip());
      const bytes = await reached.bytes(key);
      if (server.settings.DATABASES) expect(atob(bytes ?? "")).toMatch(/^L\d{13}L\n\.$/);
      else expect(bytes).toMatch(/^\d{13}$/);
      await stored(() => a(NAME).hold("open"));
      await expect.poll(() => rejectedInPython(), soon).toBe("rejected");
      expect(await reached.bytes(key)).not.toBeNull();
    });
  },
);
