// The calls whose cost is counted, and one run of one of them: node bench/gated.mjs NAME (CALLS | bytes)
import { fileURLToPath } from "node:url";
import { createFailfast } from "failfast";

/** No timer of the library runs meanwhile, because their number would depend on how long it takes. */
const clock = {
  now: () => performance.now(),
  wall: Date.now,
  random: () => 0.5,
  after: () => () => {},
  coarse: () => 1,
};
const make = () => createFailfast({ clock });
const value = async (n) => n;
const failure = new Error("down");
const failing = async () => {
  throw failure;
};
const closed = (options) => () => make()("gate", 60, options)(value);

export const counted = {
  "closed, async": closed(),
  "closed, sync": () => make()("gate", 60)((n) => n),
  "closed, .run": () => {
    const circuit = make()("gate", 60);
    return (n) => circuit.run(() => value(n));
  },
  "closed, named by argument": () => make()((n) => (n & 1 ? "odd" : "even"), 60)(value),
  "closed, rate window and slow calls": closed({ failureRate: 0.5, slowCall: "2s" }),
  "failing, held closed": async () => {
    const circuit = make()("gate", 60);
    await circuit.hold("closed");
    return circuit(failing);
  },
  "open, rejection": async () => {
    const circuit = make()("gate", 3_600);
    await circuit.trip();
    return circuit(value);
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await one(...process.argv.slice(2));

async function one(name, calls) {
  const call = await counted[name]();
  const loop = async (n) => {
    let last;
    for (let i = 0; i < n; i++) {
      try {
        last = await call(i);
      } catch (error) {
        last = error;
      }
    }
    return last;
  };
  if (calls !== "bytes") {
    await loop(Number(calls));
    return;
  }
  await loop(30_000);
  const taken = [];
  for (let round = 0; round < 5; round++) {
    gc();
    const before = process.memoryUsage().heapUsed;
    await loop(20_000);
    taken.push((process.memoryUsage().heapUsed - before) / 20_000);
  }
  process.send(Math.min(...taken));
}
