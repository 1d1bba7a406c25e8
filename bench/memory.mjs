// The heap of 100 000 circuits, idle, used once, and open, and that of the other libraries.
import { createFailfast } from "failfast";
import * as peers from "./peers.mjs";

const COUNT = 100_000;
const names = Array.from({ length: COUNT }, (_, at) => `api-host-${at}`);
const timersNow = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
const heap = () => {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
};

async function measure(use) {
  await use("warm-up");
  const [timers, before] = [timersNow(), heap()];
  const kept = [];
  for (const name of names) kept.push(await use(name));
  return { bytes: (heap() - before) / COUNT, timers: timersNow() - timers, kept: kept.length };
}

const value = async () => 1;
const down = async () => {
  throw new Error("down");
};
const named = (fn) => {
  const call = createFailfast({ maxCircuits: 2 * COUNT })((name) => name, 60)(fn);
  return async (name) => void (await call(name).catch(() => undefined));
};
const handle = (uses) => {
  const failfast = createFailfast();
  return async (name) => {
    const call = failfast(name, 60)(value);
    if (uses) await call();
    return call;
  };
};
const peer = (make) => async () => {
  const call = await make(value);
  await call();
  return call;
};

process.send({
  "idle, with handle and wrapper": await measure(handle(false)),
  "used once, with handle and wrapper": await measure(handle(true)),
  "used once, one of a function's names": await measure(named(value)),
  "open, one of a function's names": await measure(named(down)),
  "cockatiel, used once": await measure(peer(peers.cockatiel)),
  "opossum, used once": await measure(peer(peers.opossum)),
});
