// Increments a shared number by compare-and-swap a number of times, in a process or a worker thread. Every value is
// long, and has the same text at its end and its beginning.
import { workerData } from "node:worker_threads";
import { fileStore } from "failfast/file";

const [folder, times] = workerData ?? process.argv.slice(2);
const store = fileStore(folder);
const textOf = (count) => `${count}:${"x".repeat(50_000)}:${count}`;

function countOf(value) {
  const count = value === null ? 0 : Number.parseInt(value, 10);
  if (value !== null && value !== textOf(count)) throw new Error(`a torn read, ${value.length} long`);
  return count;
}

let stored = await store.get("count");
for (let done = 0; done < Number(times); ) {
  const after = textOf(countOf(stored) + 1);
  const { ok, value } = await store.swap("count", stored, after, 600_000);
  if (ok) done++;
  stored = value;
}
