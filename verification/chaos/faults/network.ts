import type { Direction, Toxic } from "../../../test/servers/toxic-proxy/toxics.js";
import type { Fault } from "../subject.js";

const TOXICS: readonly Toxic[] = [
  { kind: "latency", ms: 300, jitter: 250 },
  { kind: "bandwidth", bytesPerSecond: 500 },
  { kind: "slow_close", ms: 1_000 },
  { kind: "timeout" },
  { kind: "reset_peer", ms: 100 },
  { kind: "slicer", bytes: 3, pauseMs: 2 },
  { kind: "limit_data", bytes: 400 },
];

const fault = (toxic: Toxic, direction: Direction | undefined): Fault => ({
  name: `network: ${toxic.kind}${direction === undefined ? "" : ` ${direction}`}`,
  quick: toxic.kind === "timeout" && direction === "down",
  async inject({ proxy }) {
    // A connection that closes slowly must close first.
    if (toxic.kind === "slow_close") {
      const remove = await proxy?.add(toxic, direction);
      const reset = await proxy?.add({ kind: "limit_data", bytes: 200 }, direction);
      return async () => {
        await reset?.();
        await remove?.();
      };
    }
    return (await proxy?.add(toxic, direction)) ?? (() => undefined);
  },
});

/** The eight classic toxics, in each direction that they have. */
export const networkFaults: readonly Fault[] = [
  ...TOXICS.flatMap((toxic) => [fault(toxic, "up"), fault(toxic, "down")]),
  fault({ kind: "down" }, undefined),
];
