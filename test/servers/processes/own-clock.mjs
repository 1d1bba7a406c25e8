// A script with a clock of its own that moves, as in a simulation, and a store whose timers let the process end.
import { createFailfast } from "../../../dist/index.js";
import { farStore } from "./far-store.mjs";

const after = (ms, run) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};
const clock = { now: () => performance.now(), wall: () => Date.now(), random: Math.random, after };
const circuit = createFailfast({ clock, store: farStore(), timeout: 60 })("billing");
console.log((await circuit.trip()).stored);
