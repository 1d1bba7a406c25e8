// Cost with the work: what a call takes as there are more circuits, failures, listeners, processes; and what the
// replica takes of a process that gets many changes.
//   node bench/scale.mjs [--report FILE]
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createFailfast, memoryStore } from "failfast";
import { manualClock } from "failfast/testing";
import { quantile, Report } from "./table.mjs";

const { values } = parseArgs({ options: { report: { type: "string" } } });
const report = new Report();
const value = async (n) => n;
const ROUNDS = 15;
const CALLS = 20_000;

/** ns of CPU time of a call, so that a busy machine matters less: the median of some rounds. */
async function time(call, calls = CALLS) {
  const took = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const began = process.cpuUsage();
    for (let i = 0; i < calls; i++) await call(i);
    const { user, system } = process.cpuUsage(began);
    if (round > 0) took.push(((user + system) * 1_000) / calls);
  }
  return quantile(took, 0.5);
}

const spaced = (count) => count.toLocaleString("en").replaceAll(",", " ");

async function flat(title, column, sizes, make) {
  report.table(title, column, "ns a call", "x the first");
  let first;
  for (const size of sizes) {
    const ns = await time(await make(size));
    first ??= ns;
    report.row(spaced(size), ns.toFixed(1), (ns / first).toFixed(2));
  }
}

report.table(
  "Circuits of one function, called in turn",
  "circuits",
  "ns a call",
  "x the first",
  "of it: a Map's get",
);
let ofOne;
for (const count of [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]) {
  const names = Array.from({ length: count }, (_, at) => `api-host-${at}`);
  // In strides, so that memory is accessed as by traffic, and the same number of them for any number of circuits.
  const nameOf = (i) => names[(i * 7_919) % count];
  const call = createFailfast({ maxCircuits: 2_000_000 })((name) => name, 60)(value);
  const map = new Map(names.map((name) => [name, { name }]));
  for (const name of names) await call(name);
  const ns = await time((i) => call(nameOf(i)));
  const alone = (await time((i) => value(map.get(nameOf(i)).name))) - (await time((i) => value(i)));
  ofOne ??= ns;
  report.row(spaced(count), ns.toFixed(1), (ns / ofOne).toFixed(2), alone.toFixed(1));
}

await flat("Failures in the window", "failures", [0, 10, 100, 1_000, 10_000], async (count) => {
  const clock = manualClock();
  const circuit = createFailfast({ clock })("scale", 60, { threshold: 100_000, window: "1h" });
  const fail = circuit(async () => {
    throw new Error("down");
  });
  for (let i = 0; i < count; i++) await fail().catch(() => undefined);
  return () => fail().catch(() => undefined);
});

await flat("Listeners to transitions", "listeners", [0, 1, 10, 100, 1_000], (count) => {
  const failfast = createFailfast();
  const circuit = failfast("scale", 60);
  for (let at = 0; at < count; at++) circuit.on("open", () => {});
  return circuit(value);
});

await flat("Processes that share the store", "processes", [1, 10, 100, 1_000], async (count) => {
  const store = memoryStore();
  const fleet = Array.from({ length: count }, (_, at) => createFailfast({ store, host: `host-${at}` }));
  for (const failfast of fleet) {
    failfast("scale", 60);
    await failfast.ready();
  }
  const call = fleet[0]("scale", 60)(value);
  return call;
});

/** The time that one change of a record takes in a process that gets it; `others` of its circuits are not its own. */
async function pushes(circuits) {
  const listeners = [];
  const records = memoryStore();
  const store = {
    ...records,
    watch(prefix, on) {
      listeners.push(on);
      return records.watch(prefix, on);
    },
  };
  const [writer, reader] = [
    createFailfast({ store, host: "writer" }),
    createFailfast({ store, host: "reader" }),
  ];
  const named = (failfast) => Array.from({ length: circuits }, (_, at) => failfast(`api-host-${at}`, 60));
  const [tripped, watched] = [named(writer), named(reader)];
  await Promise.all([writer.ready(), reader.ready()]);
  for (const circuit of watched) await circuit.run(value);
  const changes = [];
  const watching = await records.watch("", { change: (entry) => changes.push(entry), gap() {} });
  for (const circuit of tripped) await circuit.trip();
  for (const circuit of tripped) await circuit.reset();
  await watching[Symbol.asyncDispose]();
  await reader.close();
  await writer.close();

  // The same changes, delivered to a new process.
  const fresh = createFailfast({ store: { ...store, list: () => [] }, host: "fresh" });
  listeners.length = 0;
  for (const circuit of named(fresh)) await circuit.run(value);
  await fresh.ready();
  const [on] = listeners;
  const heap = process.memoryUsage().heapUsed;
  const began = process.cpuUsage();
  for (const change of changes) on.change(change);
  const { user, system } = process.cpuUsage(began);
  const kept = (process.memoryUsage().heapUsed - heap) / circuits;
  await fresh.close();
  return { each: (user + system) / changes.length, changes: changes.length, kept };
}

report.table("A replica that gets changes", "circuits", "changes", "µs of CPU each", "of a core at 10 000/s");
for (const circuits of [100, 1_000, 10_000]) {
  const { each, changes } = await pushes(circuits);
  report.row(circuits, changes, each.toFixed(2), `${((each * 10_000) / 1e4).toFixed(1)} %`);
}
if (values.report !== undefined) writeFileSync(values.report, report.markdown);
process.exit();
