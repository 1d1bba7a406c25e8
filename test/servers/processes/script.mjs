// An operator's script: does what its argument says. Its last line must be reached before the process ends by itself.
import { createFailfast } from "../../../dist/index.js";
import { farStore } from "./far-store.mjs";

const failfast = createFailfast({ store: farStore({ losing: 3 }), timeout: 60 });
const circuit = failfast("billing");
const does = {
  trip: () => circuit.trip(),
  reset: () => circuit.reset(),
  hold: () => circuit.hold("open", { until: "10m" }),
  release: () => circuit.release(),
  ready: () => failfast.ready(),
  fleet: () => failfast.fleet(),
  async settled() {
    await circuit.run(() => Promise.reject(new Error("boom"))).catch(() => undefined);
    await failfast.settled();
  },
  close: () => failfast.close(),
  // Nobody awaits it: nothing keeps the process alive.
  async nothing() {
    await circuit.run(() => 1);
    failfast.on("store-down", () => undefined);
  },
};
await does[process.argv[2]]();
console.log("done");
