// How many operations on the store a million calls cause.
import { createFailfast, memoryStore } from "failfast";

export async function countOperations(calls) {
  let count = 0;
  const inner = memoryStore();
  const store = { ...inner, set: counted("set"), delete: counted("delete"), swap: counted("swap") };
  function counted(verb) {
    return (...args) => {
      count++;
      return inner[verb](...args);
    };
  }
  const circuit = createFailfast({ store })("counted", 3_600);
  const call = circuit(async () => 1);
  for (let i = 0; i < calls; i++) await call();
  const successes = count;
  await circuit.trip();
  count = 0;
  for (let i = 0; i < calls; i++) await call().catch(() => undefined);
  return { calls, successes, rejections: count };
}
