// A fleet in an outage, under virtual time: the library itself, once for each process, over one store that they share.
// It runs in browsers and in Node alike.
import { createFailfast, isFailfastError, memoryStore } from "../../dist/index.js";
import { chanceOf, virtualTime } from "../../verification/simulation/time.mjs";

/** The reader's settings; times are in seconds. */
export const DEFAULTS = {
  processes: 40,
  callsPerSecond: 2,
  backend: "hangs",
  store: "works",
  outageSeconds: 60,
  open: 10,
  rule: "consecutive",
  failures: 5,
  slowCallMs: 0,
  quorum: 1,
  probes: 1,
  factor: 1,
  rampUp: 0,
  recovery: "probe",
};
export const SECONDS = 150;
export const OUTAGE_FROM = 20;
const SLICE_MS = 500;
export const SLICES = (SECONDS * 1_000) / SLICE_MS;
const HANG_MS = 1_000;

export const optionsOf = (settings) => ({
  callTimeout: `${HANG_MS}ms`,
  ...(settings.rule === "consecutive" ? { consecutive: settings.failures } : {}),
  ...(settings.rule === "threshold" ? { threshold: settings.failures, window: "10s" } : {}),
  ...(settings.rule === "failureRate" ? { failureRate: 0.5, minimumCalls: 10 } : {}),
  ...(settings.slowCallMs > 0 ? { slowCall: `${settings.slowCallMs}ms` } : {}),
  ...(settings.quorum > 1 ? { quorum: settings.quorum } : {}),
  ...(settings.probes > 1 && settings.recovery !== "all" ? { probes: settings.probes } : {}),
  ...(settings.factor > 1 ? { backoff: { factor: settings.factor, max: "60s" } } : {}),
  ...(settings.rampUp > 0 ? { rampUp: `${settings.rampUp}s` } : {}),
  ...(settings.recovery === "all" ? { recovery: "all" } : {}),
});

/** A memory store, 2 ms away, with the fault that the reader chose while the backend fails too. */
function storeOf(time, inTrouble, kind) {
  const inner = memoryStore({ clock: time.clock });
  const never = () => new Promise(() => {});
  const troubled = () => kind !== "works" && inTrouble();
  const way = () => time.sleep(kind === "slow" && inTrouble() ? 500 : 2);
  const asked = async (verb, args) => {
    if (troubled() && kind === "frozen") return never();
    if (troubled() && kind === "down") throw new Error("the store is down");
    await way();
    const answer = await inner[verb](...args);
    await way();
    return answer;
  };
  const store = Object.fromEntries(
    ["get", "set", "delete", "swap", "list"].map((verb) => [verb, (...args) => asked(verb, args)]),
  );
  store.watch = async (prefix, on) =>
    inner.watch(prefix, {
      gap: on.gap,
      change: (entry) => {
        if (troubled() && kind !== "slow") return;
        void way().then(() => on.change(entry));
      },
    });
  return store;
}

/**
 * One run: for each half second how many calls were served, failed, were rejected and reached the backend, and the
 * state of each process. `shared: false` gives each process a breaker of its own. `stopped()` ends it early.
 */
export async function simulate(settings, { shared = true, stopped = () => false, seed = 7 } = {}) {
  const chance = chanceOf(seed);
  const time = virtualTime(chance);
  const outageTo = OUTAGE_FROM + settings.outageSeconds;
  let began = 0;
  const second = () => (time.clock.now() - began) / 1_000;
  const inOutage = () => began > 0 && second() >= OUTAGE_FROM && second() < outageTo;
  const store = storeOf(time, inOutage, settings.store);
  const options = { ...optionsOf(settings), ...(shared ? {} : { scope: "process", quorum: 1 }) };
  const fleet = Array.from({ length: settings.processes }, (_, n) => {
    const failfast = createFailfast({ clock: time.clock, host: `host-${n}`, report: false, store });
    return { failfast, circuit: failfast("sales_api", settings.open, options) };
  });
  const ready = fleet.map(({ failfast }) => failfast.ready());
  await time.runUntil(1_000);
  await Promise.all(ready);
  began = time.clock.now();

  const slices = Array.from({ length: SLICES }, () => ({ served: 0, failed: 0, rejected: 0, asked: 0 }));
  const states = fleet.map(() => new Array(SLICES).fill("closed"));
  const slice = () => slices[Math.min(Math.floor((second() * 1_000) / SLICE_MS), SLICES - 1)];
  const backend = async () => {
    slice().asked++;
    const fails = inOutage();
    await time.sleep(fails && settings.backend === "hangs" ? 10 * HANG_MS : 20 + 20 * chance());
    if (fails) throw new Error("the backend is down");
  };
  const call = async ({ circuit }) => {
    try {
      await circuit.run(backend);
      slice().served++;
    } catch (error) {
      slice()[isFailfastError(error) ? "rejected" : "failed"]++;
    }
  };
  const pauseMs = 1_000 / settings.callsPerSecond;
  for (const process of fleet) {
    const again = () => {
      void call(process);
      time.clock.after(pauseMs * (0.5 + chance()), again);
    };
    time.clock.after(pauseMs * chance(), again);
  }
  for (let at = 0; at < SLICES; at++) {
    await time.runUntil(began + (at + 1) * SLICE_MS);
    if (stopped()) return undefined;
    for (const [n, { circuit }] of fleet.entries()) states[n][at] = circuit.state;
  }
  return { slices, states, ...totals(slices, outageTo) };
}

function totals(slices, outageTo) {
  const seconds = (at) => (at * SLICE_MS) / 1_000;
  const during = slices.filter((_, at) => seconds(at) >= OUTAGE_FROM && seconds(at) < outageTo);
  const after = slices.filter((_, at) => seconds(at) >= outageTo);
  const sum = (of, what) => of.reduce((all, each) => all + each[what], 0);
  const back = slices.findIndex(
    (each, at) => seconds(at) >= outageTo && each.served > 0 && each.rejected === 0,
  );
  return {
    reached: sum(during, "asked"),
    failed: sum(slices, "failed"),
    rejectedAfter: sum(after, "rejected"),
    recoveredAfter: back === -1 ? undefined : seconds(back) - outageTo,
  };
}
