import { describe, type ExpectStatic, type TestContext, test } from "vitest";
import { createFailfast, type Failfast } from "../../src/index.js";
import type { Store } from "../../src/options/store.js";
import { startProxy } from "./redis-store/proxy.js";
import { freePort } from "./server-process.js";

/** A store as one process has it: its own client, and a function that ends the client. */
export interface OpenStore {
  readonly store: Store;
  close(): Promise<void> | void;
}

/** A real server that can fail, and how a process opens a store on it. */
export interface FaultSubject {
  /** May be called while the server is down, if the client can connect later. */
  open(): Promise<OpenStore> | OpenStore;
  /** Freezes the server, if possible. */
  pause?(): void;
  resume?(): void;
  /** Kills the server for that time. `keeps`: its data is there again afterwards. */
  restart?(downMs: number): Promise<void>;
  readonly keeps?: boolean;
  /** The server's port, and a process that uses another port, on which perhaps nobody listens yet. */
  readonly port?: number;
  openAt?(port: number): Promise<OpenStore> | OpenStore;
  /** A process that the server refuses, or that may not use the records. */
  openAsStranger?(): Promise<OpenStore> | OpenStore;
  /** Removes every record without the store's knowledge. */
  empty(): Promise<unknown>;
  /** Puts a foreign value under a key of the store ("circuit:shop"), of a wrong type if the server has types. */
  spoil(key: string): Promise<unknown>;
  stop(): Promise<void>;
}

/**
 * Features that a subject lacks, so that they can't be tested: a port, a refused process, a client that may connect
 * after the store was made.
 */
export type Lack = "port" | "stranger" | "late connection";

const HEALS_WITHIN = { timeout: 45_000, interval: 20 };
const KNOWS_WITHIN = { timeout: 10_000, interval: 5 };

/** A server of a test's own, and processes that have a store on it. */
interface Place {
  readonly subject: FaultSubject;
  join(open?: () => Promise<OpenStore> | OpenStore): Promise<Failfast>;
  /** Two that have read the store. */
  two(): Promise<readonly [Failfast, Failfast]>;
  /** Between a process and a server. */
  proxy(...of: Parameters<typeof startProxy>): ReturnType<typeof startProxy>;
  end(): Promise<void>;
}

async function enter(start: () => Promise<FaultSubject>): Promise<Place> {
  const subject = await start();
  const opened: { failfast: Failfast; store: OpenStore }[] = [];
  const proxies: Awaited<ReturnType<typeof startProxy>>[] = [];
  const join: Place["join"] = async (open = () => subject.open()) => {
    const store = await open();
    const failfast = createFailfast({ store: store.store });
    opened.push({ failfast, store });
    return failfast;
  };
  return {
    subject,
    join,
    async two() {
      const [a, b] = [await join(), await join()];
      for (const each of [a, b]) each("shop", 60);
      await Promise.all([a.ready(), b.ready()]);
      return [a, b];
    },
    async proxy(...of) {
      const proxy = await startProxy(...of);
      proxies.push(proxy);
      return proxy;
    },
    async end() {
      subject.resume?.();
      await Promise.all(opened.map(({ failfast }) => failfast.close()));
      // A client would wait for a connection that is silent.
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await Promise.all(opened.map(({ store }) => store.close()));
      await subject.stop();
    },
  };
}

/**
 * What every driver's server is put through, with `failfast` in two processes: no condition of the server changes or
 * delays a call, and once the server works again the two processes agree. Each test has a server of its own and waits
 * most of the time, so several run at the same time.
 */
export function storeFaults(
  title: string,
  start: () => Promise<FaultSubject>,
  opts: { skip?: boolean; lacks?: readonly Lack[] } = {},
): void {
  const fault = (name: string, run: (place: Place, context: TestContext) => Promise<void>): void =>
    test(name, async (context) => {
      const place = await enter(start);
      context.onTestFinished(() => place.end());
      await run(place, context);
    });
  const where = (...needs: readonly Lack[]): typeof fault =>
    needs.some((need) => opts.lacks?.includes(need)) ? () => undefined : fault;
  describe.skipIf(opts.skip ?? false).concurrent(`${title}: faults of the server`, () => {
    fault(
      "a trip in one process opens the circuit in the other, and a reset closes it",
      async ({ two }, { expect }) => {
        const [a, b] = await two();
        await expect(a("shop").run(fail)).rejects.toThrow("backend");
        await expect.poll(() => b("shop").state, KNOWS_WITHIN).toBe("open");
        expect(await b("shop").reset()).toEqual({ stored: true });
        await expect.poll(() => a("shop").state, KNOWS_WITHIN).toBe("closed");
      },
    );

    fault(
      "a server emptied while the circuit is open: it stays open, and the record is written again",
      async ({ subject, join, two }, { expect }) => {
        const [a, b] = await two();
        await a("shop").trip();
        await expect.poll(() => b("shop").state, KNOWS_WITHIN).toBe("open");
        await subject.empty();
        const late = async (): Promise<string> => {
          const newcomer = await join();
          newcomer("shop", 60);
          await newcomer.ready();
          return newcomer("shop").state;
        };
        await expect.poll(late, { timeout: 45_000, interval: 1_000 }).toBe("open");
        expect([a("shop").state, b("shop").state]).toEqual(["open", "open"]);
      },
    );

    fault(
      "an invalid value under a key is an event, not an exception, and is overwritten by the next change",
      async ({ subject, two }, { expect }) => {
        await subject.spoil("circuit:shop");
        const [a, b] = await two();
        expect(await a("shop").run(succeed)).toBe("served");
        await expect(a("shop").run(fail)).rejects.toThrow("backend");
        await expect.poll(() => b("shop").state, HEALS_WITHIN).toBe("open");
      },
    );

    fault(
      "a frozen server: calls go on at full speed, and afterwards both processes agree",
      async ({ subject, two }, { expect, skip }) => {
        if (subject.pause === undefined) skip();
        const [a, b] = await two();
        subject.pause?.();
        for (const each of [a, b]) await promptly(expect, () => each("shop").run(succeed));
        await expect(a("shop").run(fail)).rejects.toThrow("backend");
        await promptly(expect, () =>
          expect(a("shop").run(succeed)).rejects.toMatchObject({ code: "ERR_FAILFAST_OPEN" }),
        );
        await promptly(expect, () => b("shop").run(succeed));
        subject.resume?.();
        await expect.poll(() => b("shop").state, HEALS_WITHIN).toBe("open");
      },
    );

    fault(
      "a frozen server: close() waits a moment for it, and not for its answer",
      async ({ subject, two }, { expect, skip }) => {
        if (subject.pause === undefined) skip();
        const [a, b] = await two();
        subject.pause?.();
        await promptly(expect, () => Promise.all([a.close(), b.close()]));
      },
    );

    where("port")(
      "a connection that died silently: calls go on, and it is replaced",
      async ({ subject, join, proxy }, { expect, skip }) => {
        const { port, openAt } = subject;
        if (port === undefined || openAt === undefined) return skip();
        const between = await proxy(port);
        const [a, b] = [await join(() => openAt(between.port)), await join()];
        for (const each of [a, b]) each("shop", 60);
        await Promise.all([a.ready(), b.ready()]);
        between.silence();
        await promptly(expect, () => a("shop").run(succeed));
        await expect(a("shop").run(fail)).rejects.toThrow("backend");
        await promptly(expect, () =>
          expect(a("shop").run(succeed)).rejects.toMatchObject({ code: "ERR_FAILFAST_OPEN" }),
        );
        await expect.poll(() => b("shop").state, HEALS_WITHIN).toBe("open");
      },
    );

    where("port", "late connection")(
      "no server at the start: calls go on, and what opened is shared once it is there",
      async ({ subject, join, proxy }, { expect, skip }) => {
        const { port, openAt } = subject;
        if (port === undefined || openAt === undefined) return skip();
        const later = await freePort();
        const [a, b] = [await join(() => openAt(later)), await join()];
        for (const each of [a, b]) each("shop", 60);
        await Promise.all([a.ready(), b.ready()]);
        expect(await a("shop").run(succeed)).toBe("served");
        await expect(a("shop").run(fail)).rejects.toThrow("backend");
        expect([a("shop").state, b("shop").state]).toEqual(["open", "closed"]);
        await proxy(port, later);
        await expect.poll(() => b("shop").state, HEALS_WITHIN).toBe("open");
      },
    );

    where("stranger")(
      "a process without access: calls go on, circuits open here only, and store-down says why",
      async ({ subject, join }, { expect, skip }) => {
        const { openAsStranger } = subject;
        if (openAsStranger === undefined) return skip();
        const [stranger, other] = [await join(openAsStranger), await join()];
        const down: unknown[] = [];
        stranger.on("store-down", ({ error }) => down.push(error));
        for (const each of [stranger, other]) each("shop", 60);
        await Promise.all([stranger.ready(), other.ready()]);
        expect(await stranger("shop").run(succeed)).toBe("served");
        await expect(stranger("shop").run(fail)).rejects.toThrow("backend");
        expect([stranger("shop").state, other("shop").state]).toEqual(["open", "closed"]);
        await expect.poll(() => down.length, KNOWS_WITHIN).toBe(1);
        expect(await stranger("shop").trip()).toEqual({ stored: false });
        expect(down[0]).toBeInstanceOf(Error);
      },
    );

    fault(
      "a server killed and restarted: calls go on, and a trip meanwhile reaches the other process",
      async ({ subject, two }, { expect, skip }) => {
        if (subject.restart === undefined) skip();
        const [a, b] = await two();
        const back = subject.restart?.(1_000);
        await expect(a("shop").run(fail)).rejects.toThrow("backend");
        await promptly(expect, () => b("shop").run(succeed));
        await back;
        await expect.poll(() => b("shop").state, HEALS_WITHIN).toBe("open");
      },
    );

    fault(
      "a server restarted while the circuit is open: it stays open everywhere",
      async ({ subject, join, two }, { expect, skip }) => {
        if (subject.restart === undefined) skip();
        const [a, b] = await two();
        await a("shop").trip();
        await expect.poll(() => b("shop").state, KNOWS_WITHIN).toBe("open");
        await subject.restart?.(0);
        const known = async (): Promise<string> => {
          const newcomer = await join();
          newcomer("shop", 60);
          await newcomer.ready();
          return newcomer("shop").state;
        };
        await expect.poll(known, { timeout: 45_000, interval: 1_000 }).toBe("open");
        expect([a("shop").state, b("shop").state]).toEqual(["open", "open"]);
      },
    );
  });
}

const succeed = async (): Promise<string> => "served";
const fail = (): Promise<never> => Promise.reject(new Error("backend"));

/** No condition of the store delays a call. One that waited for the store would take five seconds. */
async function promptly(expect: ExpectStatic, call: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await call();
  expect(performance.now() - began).toBeLessThan(4_000);
}
