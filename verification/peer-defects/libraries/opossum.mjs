import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import CircuitBreaker from "opossum";

const manifest = new URL("../../../node_modules/opossum/package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, "utf8"));

const rotation = new EventEmitter().setMaxListeners(0);

function optionsOf(wanted) {
  const options = { resetTimeout: wanted.open, timeout: wanted.timeout ?? false };
  if (wanted.rate !== undefined) {
    options.errorThresholdPercentage = wanted.rate * 100;
    options.volumeThreshold = wanted.minimum;
    options.rollingCountTimeout = wanted.window;
  } else options.volumeThreshold = wanted.failures ?? 1;
  // As its README recommends for calls that a time-out should abort.
  if (wanted.timeout !== undefined) options.autoRenewAbortController = true;
  // An error that it filters out counts as a success.
  if (wanted.filter !== undefined) options.errorFilter = (error) => !wanted.filter(error);
  return { ...options, ...wanted.opossum };
}

export default {
  name: "opossum",
  version,
  settings: {
    aborts: { filter: (error) => error?.name !== "AbortError", is: "`errorFilter`" },
    nested: { filter: (error) => error?.code !== "EOPENBREAKER", is: "`errorFilter`" },
    timers: {
      opossum: { enableSnapshots: false, rotateBucketController: rotation },
      is: "`enableSnapshots: false` and one `rotateBucketController`",
    },
  },
  make(_time, wanted) {
    const breaker = new CircuitBreaker((fn, signal) => fn(signal ?? breaker.getSignal()), optionsOf(wanted));
    return {
      call: (fn, { signal } = {}) => breaker.fire(fn, signal),
      wrap: (fn) => {
        const wrapped = new CircuitBreaker(fn, optionsOf(wanted));
        return (...args) => wrapped.fire(...args);
      },
      isRejection: (error) => error?.code === "EOPENBREAKER",
      onOpen: (listener) => void breaker.on("open", listener),
      reset: async () => breaker.close(),
    };
  },
};
