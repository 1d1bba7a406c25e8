import { createFailfast, type FailfastOptions } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { boom, ending } from "../rules/fleet.js";

/** One circuit in one process, which stays open for `seconds`. A random number that the test sets in `drawn` is used. */
export function alone(options: FailfastOptions = {}, seconds = 60) {
  const clock = manualClock();
  const drawn: { next?: number } = {};
  const failfast = createFailfast({ clock: { ...clock, random: () => drawn.next ?? clock.random() } });
  const circuit = failfast("x", seconds, options);
  return {
    clock,
    drawn,
    failfast,
    circuit,
    fail: () => ending(circuit.run(() => Promise.reject(boom))),
    succeed: () => ending(circuit.run(() => "ok")),
    /** A call that takes this long. */
    async slow(ms: number) {
      let end = (): void => undefined;
      const call = ending(circuit.run(() => new Promise<void>((done) => (end = done))));
      await clock.advance(ms);
      end();
      return call;
    },
  };
}
