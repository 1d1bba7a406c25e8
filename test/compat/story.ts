// Everything that a fleet may have in its store, made by the library itself: each kind of record, and what a process
// that joins at that moment does.
import { observeFleet } from "../../src/fleet/fleet.js";
import {
  type Circuit,
  type CircuitOptions,
  createFailfast,
  memoryStore,
  type Store,
} from "../../src/index.js";
import { type ManualClock, manualClock } from "../../src/testing/index.js";

const AT = 1_795_862_271_895;

/** One state of a store, and what a process does that joins then. */
export interface Chapter {
  readonly what: string;
  readonly name: string;
  readonly options: CircuitOptions;
  /** In ms since the epoch. */
  readonly at: number;
  /** The records as text, by their keys. */
  readonly stored: Readonly<Record<string, string>>;
  readonly seen: Seen;
}

export interface Seen {
  readonly state: string;
  readonly held: string | null;
  readonly retryAfter: number;
  readonly by: string | null;
  readonly reason: string | null;
  /** The outcome of a call, and the circuit's state after two calls. */
  readonly call: string;
  readonly after: string;
  /** The same if the backend fails. */
  readonly failingCall: string;
  readonly afterFailing: string;
}

export interface Story {
  readonly chapters: readonly Chapter[];
  /** A process's report, and the trail of operators. */
  readonly report: string;
  readonly trail: string;
}

interface Place {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly beside: Store;
}

function place(at: number): Place {
  const clock = manualClock({ wall: at });
  const beside = memoryStore({ clock });
  return { clock, beside, store: { ...memoryStore({ clock }), sibling: () => beside } };
}

async function textsIn(store: Store): Promise<Record<string, string>> {
  const listed = await store.list?.("");
  const entries = listed === undefined ? [] : "entries" in listed ? listed.entries : listed;
  return Object.fromEntries([...entries].map(({ key, value }) => [key, value]));
}

const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "served",
    (error) => (error.code === "ERR_FAILFAST_OPEN" ? "rejected" : "failed"),
  );
const down = (): Promise<never> => Promise.reject(new TypeError("down"));

/** How a process that joins treats what is stored, and what it leaves in the store. */
export async function join({
  name,
  options,
  at,
  stored,
}: Omit<Chapter, "seen">): Promise<{ seen: Seen; left: Record<string, string>[] }> {
  const left: Record<string, string>[] = [];
  const enter = async (backend: () => Promise<unknown>) => {
    const { clock, store } = place(at);
    for (const [key, text] of Object.entries(stored)) await store.set(key, text, 86_400_000);
    const failfast = createFailfast({ store, clock, host: "web-2", report: false });
    await failfast.ready();
    const circuit = failfast(name, 60, options);
    const { state, held = null, retryAfter, by = null, reason = null } = circuit.snapshot();
    const call = await outcome(circuit.run(backend));
    await clock.advance(1_000);
    // By now it has read the closed record, if there is one.
    await outcome(circuit.run(backend));
    await clock.advance(1_000);
    left.push(await textsIn(store));
    return { state, held, retryAfter, by, reason, call, after: circuit.state };
  };
  const well = await enter(async () => 1);
  const { call: failingCall, after: afterFailing } = await enter(down);
  return { seen: { ...well, failingCall, afterFailing }, left };
}

type Act = (circuit: Circuit, clock: ManualClock) => Promise<unknown> | undefined;

const fails: Act = (circuit) => outcome(circuit.run(down));
const serves: Act = (circuit) => outcome(circuit.run(async () => 1));
const hangs: Act = (circuit) => {
  void circuit.run(() => new Promise(() => undefined));
  return undefined;
};
const after =
  (ms: number): Act =>
  (_, clock) =>
    clock.advance(ms);

const LONG = `https://api.test/${"a/".repeat(100)}`;
const ACTS: readonly (readonly [what: string, acts: readonly Act[], options?: object, name?: string])[] = [
  ["opened by a failure", [fails]],
  ["opened again by a probe that failed", [fails, after(60_000), fails]],
  ["closed by a probe", [fails, after(60_000), serves]],
  ["half-open while a probe runs", [fails, after(60_000), hangs]],
  ["half-open after a probe that never ended", [fails, after(60_000), hangs, after(11_000)]],
  ["half-open with one of two probes passed", [fails, after(60_000), serves], { probes: 2 }],
  ["closed, with the vote of one host", [fails], { quorum: 2 }],
  ["tripped by an operator", [(circuit) => circuit.trip({ reason: "it lies", by: "alice", for: "5m" })]],
  ["reset by an operator", [fails, (circuit) => circuit.reset({ reason: "it is well", by: "alice" })]],
  ["held open for a time", [(circuit) => circuit.hold("open", { reason: "migration", until: "10m" })]],
  ["held closed though open", [fails, (circuit) => circuit.hold("closed", { by: "bob" })]],
  ["released", [(circuit) => circuit.hold("open"), after(10), (circuit) => circuit.release({ by: "bob" })]],
  ["opened, by a name that a stranger chose", [fails], {}, 'a/ü:😀%{x}"\n'],
  ["opened, by a name too long for a key", [fails], {}, LONG],
];

/** Plays the whole story. */
export async function tell(): Promise<Story> {
  const chapters: Chapter[] = [];
  for (const [what, acts, options = {}, name = "sales_api"] of ACTS) {
    const { clock, store } = place(AT);
    const circuit = createFailfast({ store, clock, host: "web-1", report: false })(name, 60, options);
    for (const act of acts) {
      await act(circuit, clock);
      await clock.advance(300);
    }
    const chapter = { what, name, options, at: clock.wall(), stored: await textsIn(store) };
    chapters.push({ ...chapter, seen: (await join(chapter)).seen });
  }
  return { chapters, ...(await reportAndTrail()) };
}

async function reportAndTrail(): Promise<Pick<Story, "report" | "trail">> {
  const { clock, store, beside } = place(AT);
  const failfast = createFailfast({ store, clock, host: "web-1" });
  const circuit = failfast("sales_api", 60, { threshold: 3, failureRate: 0.5, scope: "confirm" });
  await outcome(circuit.run(down));
  await failfast("mail", 60).hold("open", { reason: "migration", by: "alice", until: "10m" });
  await failfast("mail").release({ by: "bob" });
  const fleet = observeFleet(store);
  await fleet.forAll(["sales_api", "mail"], (verbs, name) => verbs.reset(name, { by: "carol" }));
  await fleet[Symbol.asyncDispose]();
  // The module for reports is loaded on demand, which takes a while.
  for (let turn = 0; turn < 1_000; turn += 1) {
    await clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
    const { audit: trail, ...others } = await textsIn(beside);
    const [report] = Object.values(others).filter((text) => text.includes('"n":'));
    if (report !== undefined && trail !== undefined) return { report, trail };
  }
  throw new Error("there was no report, or no trail");
}
