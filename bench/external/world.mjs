// A world of its own: a fleet that shares a store with a delay, and a backend that answers as told.
import { createFailfast, isFailfastError, memoryStore } from "failfast";

export { chanceOf, virtualTime } from "../../sim/time.mjs";

/** The store as a process has it: each way takes so long. */
function away(store, clock, ms) {
  const later = (value) => new Promise((done) => clock.after(ms, () => done(value)));
  const asked = async (verb, args) => {
    await later();
    const answer = await store[verb](...args);
    await later();
    return answer;
  };
  return {
    get: (...args) => asked("get", args),
    set: (...args) => asked("set", args),
    delete: (...args) => asked("delete", args),
    swap: (...args) => asked("swap", args),
    list: (...args) => asked("list", args),
    watch: (prefix, on) =>
      asked("watch", [
        prefix,
        {
          change: (entry) => clock.after(ms, () => on.change(entry)),
          gap: () => clock.after(ms, () => on.gap()),
        },
      ]),
  };
}

/** Processes, each on a host of its own, that share one store; `scope: "process"` makes them strangers. */
export async function fleetOf(time, size, open, options, delayMs = 1) {
  const { clock } = time;
  const store = memoryStore({ clock });
  const circuits = [];
  const ready = [];
  for (let n = 0; n < size; n++) {
    const failfast = createFailfast({ clock, store: away(store, clock, delayMs), host: `host-${n}` });
    circuits.push(failfast("backend", open, options));
    ready.push(failfast.ready());
  }
  await time.runUntil(clock.now() + 500);
  await Promise.all(ready);
  return circuits;
}

/** How one call ended: `served`, `error`, or `rejected` by the circuit. */
export const endOf = (call) =>
  call.then(
    () => "served",
    (error) => (isFailfastError(error) ? "rejected" : "error"),
  );
