import { readFileSync } from "node:fs";
import { createFailfast, isFailfastError, memoryStore } from "failfast";
import { linked } from "../store.mjs";

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
const seconds = (ms) => `${ms}ms`;

function optionsOf(wanted) {
  const options = {};
  if (wanted.rate !== undefined) {
    Object.assign(options, { failureRate: wanted.rate, minimumCalls: wanted.minimum });
    options.window = seconds(wanted.window);
  } else options.threshold = wanted.failures ?? 1;
  if (wanted.timeout !== undefined) options.callTimeout = seconds(wanted.timeout);
  if (wanted.slow !== undefined) options.slowCall = seconds(wanted.slow);
  if (wanted.filter !== undefined) options.exceptions = wanted.filter;
  if (wanted.quorum !== undefined) options.quorum = wanted.quorum;
  return options;
}

/** The circuits of one process come from one `failfast`. */
const homes = new WeakMap();
let made = 0;

const handle = (circuit) => ({
  call: (fn, { signal } = {}) => circuit.run(fn, { signal }),
  wrap: (fn) => circuit(fn),
  isRejection: isFailfastError,
  onOpen: (listener) => void circuit.on("open", listener),
  reset: () => circuit.reset({ reason: "mended" }),
});

export default {
  name: "failfast",
  version,
  /** A rejection by one of its circuits never counts, nor does a caller's own abort: there is nothing to set. */
  settings: {},
  make(time, wanted) {
    if (!homes.has(time)) homes.set(time, createFailfast(time.real ? {} : { clock: time.clock }));
    return handle(homes.get(time)(`backend ${++made}`, seconds(wanted.open), optionsOf(wanted)));
  },
  fleet(time, wanted) {
    const shared = linked(time, memoryStore({ clock: time.clock }));
    return {
      ...shared.faults,
      async join(host) {
        const link = shared.connect();
        const failfast = createFailfast({ clock: time.clock, store: link.store, host });
        const circuit = failfast("backend", seconds(wanted.open), optionsOf(wanted));
        const ready = failfast.ready();
        await time.pass(200);
        await ready;
        return { ...handle(circuit), die: link.cut };
      },
    };
  },
};
