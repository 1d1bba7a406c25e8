// A thread with a circuit of `scope: "confirm"`: trips it, or reports whether calls pass after another thread tripped
// it.
import { parentPort, workerData } from "node:worker_threads";
import { createFailfast } from "../../../dist/index.js";
import { fileStore } from "../../../dist/stores/file.js";

const failfast = createFailfast({ store: fileStore(workerData.folder), host: "one" });
const circuit = failfast("x", 60, { scope: "confirm" });
await failfast.ready();
parentPort.on("message", async (does) => {
  if (does === "close") {
    await failfast.close();
    parentPort.close();
    return;
  }
  const answer = await circuit
    .run(() => (does === "fail" ? Promise.reject(new Error("boom")) : "passed"))
    .catch((error) => error.name);
  await failfast.settled();
  if (does === "call") await failfast.ready();
  parentPort.postMessage({ answer, by: circuit.snapshot().by });
});
parentPort.postMessage("ready");
