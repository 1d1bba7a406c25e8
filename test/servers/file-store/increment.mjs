// Counts a shared number up by compare-and-swap, so many times; in a process or a worker thread.
import { workerData } from "node:worker_threads";
import { fileStore } from "failfast/file";

const [folder, times] = workerData ?? process.argv.slice(2);
const store = fileStore(folder);
for (let done = 0; done < Number(times); ) {
  const before = await store.get("count");
  if (before !== null && !/^n\d+$/.test(before)) throw new Error(`a torn read: ${before}`);
  const after = `n${Number(before?.slice(1) ?? 0) + 1}`;
  if ((await store.swap("count", before, after, 60_000)).ok) done++;
}
