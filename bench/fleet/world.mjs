// A fleet under virtual time: the shipped library in as many instances as there are processes, and a store that
// counts.
import { createFailfast, isFailfastError, memoryStore } from "failfast";
import { chanceOf, virtualTime } from "../../verification/simulation/time.mjs";

export { chanceOf, virtualTime };

/** How one call ended: `served`, `error`, or `rejected` by the circuit. */
export const endOf = (call) =>
  call.then(
    () => "served",
    (error) => (isFailfastError(error) ? "rejected" : "error"),
  );

const bytes = (value) => (typeof value === "string" ? Buffer.byteLength(value) : 0);

/**
 * A store that a fleet shares. Each way takes `delay()` ms. It counts requests, pushes, and the bytes of keys and
 * values.
 */
export function countingStore(time, { delay = () => 1, without = [], granted = () => {} } = {}) {
  const { clock } = time;
  const inner = memoryStore({ clock });
  const count = {};
  const reset = () =>
    Object.assign(count, {
      get: 0,
      set: 0,
      delete: 0,
      swap: 0,
      granted: 0,
      list: 0,
      watch: 0,
      push: 0,
      bytes: 0,
    });
  reset();
  const way = () => new Promise((done) => clock.after(Math.max(0, delay()), done));
  const asked = async (verb, args) => {
    count[verb]++;
    for (const arg of args) count.bytes += bytes(arg);
    await way();
    const answer = await inner[verb](...args);
    if (verb === "swap") {
      if (answer.ok) {
        count.granted++;
        granted(JSON.parse(args[2]));
      }
      // A granted swap need not send back the value that it got.
      else count.bytes += bytes(answer.value);
    } else if (verb === "list") {
      const entries = Symbol.iterator in answer ? answer : answer.entries;
      for (const { key, value } of entries) count.bytes += bytes(key) + bytes(value);
    } else if (verb === "get") count.bytes += bytes(answer);
    await way();
    return answer;
  };
  const store = {};
  for (const verb of ["get", "set", "delete", "swap", "list"])
    if (!without.includes(verb)) store[verb] = (...args) => asked(verb, args);
  if (!without.includes("watch"))
    store.watch = (prefix, on) => {
      const change = (entry) => {
        count.push++;
        count.bytes += bytes(entry.key) + bytes(entry.value);
        clock.after(Math.max(0, delay()), () => on.change(entry));
      };
      return asked("watch", [prefix, { change, gap: on.gap }]);
    };
  return { store, count, reset };
}

/** Each process with its own `failfast` on its own host: its circuits with those names, after the first read. */
export async function startFleet(time, { size, names = ["backend"], open, options, store }) {
  const processes = [];
  for (let n = 0; n < size; n++) {
    // Requests through one shared object still count for each process, because a process has its own replica.
    const failfast = createFailfast({ clock: time.clock, store, host: `host-${n}` });
    processes.push({ failfast, circuits: names.map((name) => failfast(name, open, options)) });
  }
  const ready = processes.map(({ failfast }) => failfast.ready());
  await time.runUntil(time.clock.now() + 500);
  await Promise.all(ready);
  return processes;
}

export const seconds = (time) => time.clock.now() / 1_000;
