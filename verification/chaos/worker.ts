// One process of the fleet: calls a backend through its circuits, and reports the outcomes.
import { pathToFileURL } from "node:url";
import type { Circuit } from "../../src/index.js";
import { Histogram } from "./histogram.js";
import { openStore } from "./open-store.js";
import { wire } from "./wire.js";

// Before the library uses it: a wall clock that can be set.
const wall = Date.now;
let skew = 0;
Date.now = () => wall() + skew;

const given = JSON.parse(process.argv[2] ?? "{}");
const library = <T>(file: string): Promise<T> =>
  import(pathToFileURL(`${given.library}/${file}`).href) as Promise<T>;
const { createFailfast, isFailfastError } = await library<typeof import("../../src/index.js")>("index.js");

const now = (): number => Number(process.hrtime.bigint()) / 1e6;
const tell = (message: object): void => void process.send?.(message);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const boom = new Error("the backend's own");
const OPEN = "5m";

let wrong: string[] = [];
process.on("unhandledRejection", (error) => wrong.push(`unhandled: ${String(error)}`));
process.on("disconnect", () => process.exit());

const store = await openStore(given.place, given.index, library);
const failfast = createFailfast({ store, host: `host-${given.index}` });
for (const type of ["open", "half-open", "close", "store-down", "store-up"] as const)
  failfast.on(type, (event) =>
    tell({ type, circuit: "circuit" in event ? String(event.circuit) : "", at: now() }),
  );

type Name = "steady" | "early" | "shop";
let circuits: Record<Name | "late", Circuit>;
let figures: Record<Name, { ok: number; rejected: number }>;
let added: Histogram;
let total: Histogram;
/** Requests that a client lost for ever in an earlier round do not count again. */
let pendingBefore = 0;

function begin(): void {
  figures = { steady: { ok: 0, rejected: 0 }, early: { ok: 0, rejected: 0 }, shop: { ok: 0, rejected: 0 } };
  added = new Histogram();
  total = new Histogram();
  wrong = [];
  wire.asked = 0;
  wire.most = wire.pending;
  pendingBefore = wire.pending;
}

/** One call, whose backend takes a turn of the event loop. All other time is the circuit's. */
async function call(name: Name): Promise<void> {
  const token = {};
  let ran = false;
  let inside = 0;
  const began = performance.now();
  try {
    const got = await circuits[name].run(async () => {
      ran = true;
      const entered = performance.now();
      await turn();
      inside = performance.now() - entered;
      return token;
    });
    if (got !== token) wrong.push(`${name} gave another value`);
    figures[name].ok++;
  } catch (error) {
    if (isFailfastError(error) && !ran) figures[name].rejected++;
    else wrong.push(`${name} threw ${String(error)}`);
  }
  const took = performance.now() - began;
  added.add(took - inside);
  total.add(took);
}

const MIX: readonly Name[] = ["steady", "early", "steady", "shop"];
let loading = 0;

/** Calls at a steady rate, each in its own turn of the event loop. Calls that a stall delayed are not made up for. */
async function load(perSecond: number): Promise<void> {
  const mine = ++loading;
  const began = performance.now();
  for (let made = 0; loading === mine; ) {
    const due = Math.floor(((performance.now() - began) / 1_000) * perSecond);
    made = Math.max(made, due - Math.ceil(perSecond / 10));
    for (; made < due && loading === mine; made++) {
      void call(MIX[made % 4] as Name);
      await turn();
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const orders: Record<string, (details: never) => unknown> = {
  /** A round's own circuits. */
  async use({ round }: { round: number }) {
    const make = (name: string): Circuit => failfast(`${name}-${round}`, OPEN);
    circuits = { steady: make("steady"), early: make("early"), shop: make("shop"), late: make("late") };
    begin();
    // From then on they get the fleet's changes.
    await failfast.ready();
  },
  begin,
  load: ({ perSecond }: { perSecond: number }) => void load(perSecond),
  stop: () => void loading++,
  figures: () => ({
    figures,
    wrong: wrong.slice(0, 5),
    wrongs: wrong.length,
    added: added.counts,
    total: total.counts,
    asked: wire.asked,
    most: wire.most - pendingBefore,
  }),
  async memory() {
    // A first collection finalises objects, above all buffers, which the second one frees.
    globalThis.gc?.();
    await turn();
    globalThis.gc?.();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { used: heapUsed + external, rss };
  },
  /** Fails one call. The next one must be rejected at once, without an answer from the store. */
  async fail({ name }: { name: Name | "late" }) {
    const at = now();
    const error = await circuits[name].run(() => Promise.reject(boom)).catch((caught: unknown) => caught);
    if (error !== boom) wrong.push(`${name} threw ${String(error)} in place of the backend's own error`);
    const next = await circuits[name].run(turn).catch((caught: unknown) => caught);
    if (!isFailfastError(next)) wrong.push(`${name} let a call through after it tripped`);
    return { at };
  },
  states: () => ({
    states: Object.fromEntries(Object.entries(circuits).map(([name, circuit]) => [name, circuit.state])),
    retryAfter: circuits.shop.retryAfter,
  }),
  /** The end of a round: the next one must not write its circuits again. */
  async reset() {
    await Promise.all(Object.values(circuits).map((circuit) => circuit.reset()));
  },
  skew({ ms }: { ms: number }) {
    skew = ms;
  },
  /** Calls that time out while this process blocks its own event loop. */
  async block({ ms }: { ms: number }) {
    const late = (): Promise<never> =>
      new Promise((_, reject) => setTimeout(() => reject(new DOMException("late", "TimeoutError")), 500));
    const calls = Array.from({ length: 5 }, () => circuits.steady.run(late).catch(({ name }) => name));
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (const until = performance.now() + ms; performance.now() < until; );
    return { ends: await Promise.all(calls) };
  },
  /** A circuit that is soon half-open, with a lease of 2 s. */
  async probing({ round }: { round: number }) {
    probed = failfast(`probed-${round}`, "500ms", { callTimeout: "1s" });
    await failfast.ready();
  },
  trip: () => probed?.run(() => Promise.reject(boom)).catch(() => undefined),
  /** Calls until told otherwise, or until a call that fails late is admitted: that is the probe. */
  async knock({ hangs }: { hangs: boolean }) {
    for (knocking = true; knocking; ) {
      await probed
        ?.run(() => {
          tell({ type: "probe", at: now() });
          if (hangs) knocking = false;
          return hangs ? new Promise((_, reject) => setTimeout(reject, 900, boom)) : turn();
        })
        .catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
  /** A circuit that is soon checked. The check succeeds when the test says so. */
  async checking({ round, openMs }: { round: number; openMs: number }) {
    isWell = false;
    probed = failfast(`checked-${round}`, `${openMs}ms`, { recovery: check });
    await failfast.ready();
  },
  /** The check under way succeeds, and so does every later one. */
  well() {
    isWell = true;
    endWell();
  },
  probed: () => ({ state: probed?.state }),
  enough() {
    knocking = false;
    return { state: probed?.state };
  },
};
let probed: Circuit | undefined;
let knocking = false;
let isWell = false;
let endWell = (): void => undefined;

/**
 * Checks the backend. There is no answer until the fault is over, so the check fails a second before its time is over.
 */
async function check(_: unknown, circuit: string): Promise<void> {
  tell({ type: "check", circuit, at: now() });
  if (!isWell)
    await new Promise<void>((resolve, reject) => {
      endWell = () => resolve();
      setTimeout(reject, 9_000, boom);
    });
  tell({ type: "well", circuit, at: now() });
}

process.on("message", async ({ id, order, ...details }: { id: number; order: string }) => {
  const answer = (await orders[order]?.(details as never)) as object | undefined;
  tell({ answer: id, ...answer });
});
failfast("first", OPEN);
await failfast.ready();
tell({ type: "ready", at: now() });
