// Another process of a store's fleet: says when it finds circuits open, or counts what it asks of its store.
//
//     node test/stores-table/member.mjs '{"kind": "url", "where": "file:/tmp/x", "prefix": "y"}' '["a", "b"]'
import { createFailfast } from "failfast";
import { open } from "./open.mjs";

const [place, names] = process.argv.slice(2).map((text) => JSON.parse(text));
const { store } = await open(place);
let operations = 0;
const counted = { ...store };
for (const [verb, ask] of Object.entries(store)) {
  if (typeof ask !== "function") continue;
  counted[verb] = (...args) => {
    operations++;
    return ask(...args);
  };
}
const failfast = createFailfast({ store: counted });
for (const name of names) failfast(name, 600);
failfast.on("open", ({ circuit }) =>
  process.send({ opened: circuit, at: performance.timeOrigin + performance.now() }),
);
process.on("disconnect", () => process.exit());
process.on("message", async ({ seconds, callsPerSecond }) => {
  const circuit = failfast(names[0]);
  const before = operations;
  let calls = 0;
  const began = performance.now();
  while (performance.now() - began < seconds * 1_000) {
    const due = Math.floor(((performance.now() - began) / 1_000) * callsPerSecond);
    for (; calls < due; calls++) await circuit.run(async () => "served");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  process.send({ operations: operations - before, calls });
});
await failfast.ready();
process.send({ ready: true });
