// Prints when each change arrived, by the clock that all processes of the host share. Ends after the change that it is
// told to wait for.
import { fileStore } from "failfast/file";

const [folder] = process.argv.slice(2);
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
const arrivals = {};
const watching = await fileStore(folder).watch("", {
  change({ value }) {
    arrivals[value] ??= nowMs();
  },
  gap() {},
});
process.send("live");
process.once("message", async (last) => {
  while (arrivals[last] === undefined) await new Promise((later) => setTimeout(later, 5));
  await watching[Symbol.asyncDispose]();
  process.send(arrivals, () => process.disconnect());
});
