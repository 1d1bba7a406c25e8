// A test program whose clock stands still, with a store that never answers: nobody waits for what its argument starts.
import { createFailfast } from "../../../dist/index.js";
import { manualClock } from "../../../dist/testing/index.js";

const never = () => new Promise(() => undefined);
const store = { get: never, set: never, delete: never, list: never };
const failfast = createFailfast({ clock: manualClock(), store, timeout: 60 });
const circuit = failfast("billing");
const does = {
  trip: () => circuit.trip(),
  hold: () => circuit.hold("open"),
  ready: () => failfast.ready(),
  fleet: () => failfast.fleet(),
  async settled() {
    await circuit.run(() => Promise.reject(new Error("boom"))).catch(() => undefined);
    void failfast.settled();
  },
  close: () => failfast.close(),
};
void does[process.argv[2]]();
console.log("done");
