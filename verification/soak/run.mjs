// A long life: node --expose-gc verification/soak/run.mjs [--calls N] [--names N]
//
//   --calls N   through a fleet of four on one store, under virtual time, with outages: the heap has to stay flat
//   --names N   distinct names through one function, each called once: what is kept is bounded; then the same with one
//               in a hundred that opens, so that in the end there are open ones alone
import { parseArgs } from "node:util";
import { createFailfast, memoryStore } from "../../dist/index.js";
import { chanceOf } from "../simulation/time.mjs";

const MB = 2 ** 20;
/** How much the heap may grow, in bytes, from a tenth of the way to the end; and how much that many names may keep. */
const GROWTH = MB;
const KEPT = 10 * MB;
/** An open circuit has its record, in bytes and in fields, and the data for its recovery. */
const KEPT_OPEN = 30 * MB;

const { values } = parseArgs({
  options: { calls: { type: "string", default: "100000000" }, names: { type: "string", default: "1000000" } },
});
process.removeAllListeners("warning");
let unhandled = 0;
process.on("unhandledRejection", () => unhandled++);
const turn = () => new Promise(setImmediate);

async function heap() {
  for (let times = 0; times < 3; times++) {
    await turn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

/** Time that passes when it is told to, and fires timers on the way. */
function virtualClock(seed) {
  let now = 0;
  const timers = new Set();
  return {
    now: () => now,
    wall: () => 1_800_000_000_000 + now,
    random: chanceOf(seed),
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass(ms) {
      now += ms;
      for (const timer of [...timers]) {
        if (timer.at > now || !timers.delete(timer)) continue;
        timer.run();
      }
    },
    get timers() {
      return timers.size;
    },
  };
}

/** Ten sync calls for each async one. In every twentieth round the backend is down. */
async function calls(many) {
  const clock = virtualClock(1);
  const store = memoryStore({ clock });
  let down = false;
  const backend = () => {
    if (down) throw new Error("down");
    return 1;
  };
  const fleet = ["a", "b", "c", "d"].map((host) => createFailfast({ clock, store, host }));
  const circuits = fleet.flatMap((failfast) =>
    Array.from({ length: 25 }, (_, n) =>
      failfast(
        `c${n}`,
        5,
        [{}, { threshold: 3, window: "10s" }, { failureRate: 0.5, minimumCalls: 10 }][n % 3],
      ),
    ),
  );
  const sync = circuits.map((circuit) => circuit(backend));
  const async = circuits.map((circuit) => circuit(async () => backend()));
  const count = { calls: 0, succeeded: 0, failed: 0, rejected: 0 };
  const end = (error) => (error.code === "ERR_FAILFAST_OPEN" ? count.rejected++ : count.failed++);
  const ok = () => count.succeeded++;
  const samples = [];
  const ROUND = 100_000;
  for (let round = 0; count.calls < many; round++) {
    down = round % 20 === 7;
    for (let n = 0; n < ROUND; n += 100) {
      for (const call of sync) {
        try {
          call();
          count.succeeded++;
        } catch (error) {
          end(error);
        }
      }
      count.calls += 100;
      if (n % 1_000 === 0) {
        for (const call of async) call().then(ok, end);
        count.calls += 100;
        clock.pass(50);
        await turn();
      }
    }
    if (samples.length < 10 * (count.calls / many)) {
      samples.push(await heap());
      console.log(
        `${count.calls} calls, ${(clock.now() / 3_600_000).toFixed(1)} h, ${(samples.at(-1) / MB).toFixed(2)} MB, ${clock.timers} timers`,
      );
    }
  }
  const growth = (await heap()) - (samples[1] ?? Infinity);
  console.log(`${JSON.stringify(count)}: the heap grew by ${(growth / 1_024).toFixed(0)} kB`);
  const all = count.succeeded > 0 && count.failed > 0 && count.rejected > 0;
  for (const failfast of fleet) await failfast.close();
  return all && growth <= GROWTH && clock.timers < 10 * circuits.length;
}

/** A store elsewhere: it answers, and its data is not in this process. */
const elsewhere = {
  get: async () => null,
  set: async () => undefined,
  delete: async () => undefined,
  swap: async (_key, _expect, value) => ({ ok: true, value, now: Date.now() }),
  list: async () => [],
};

async function names(many, opens, most) {
  const before = await heap();
  const failfast = createFailfast({ store: elsewhere });
  const circuits = failfast((customer) => `customer:${customer}`, 3_600);
  const call = circuits((customer) => {
    if (opens(customer)) throw new Error("down");
    return customer;
  });
  for (let customer = 0; customer < many; customer++) {
    try {
      call(customer);
    } catch {
      // It opens.
    }
    if (customer % 1_000 === 0) await turn();
  }
  await failfast.settled();
  const kept = (await heap()) - before;
  const left = [...failfast.circuits()];
  const open = left.filter(({ state }) => state === "open").length;
  console.log(
    `${many} names: ${left.length} circuits, ${open} of them open, and ${(kept / MB).toFixed(1)} MB kept`,
  );
  await failfast.close();
  return kept <= most && left.length > 0 && left.length <= 10_000;
}

const many = Number(values.names);
const flat = await calls(Number(values.calls));
const kept =
  (await names(many, () => false, KEPT)) &&
  (await names(many, (customer) => customer % 100 === 99, KEPT_OPEN));
console.log(`${unhandled} rejections unhandled`);
process.exitCode = kept && flat && unhandled === 0 ? 0 : 1;
