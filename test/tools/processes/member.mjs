// One of several members that share a folder, as a worker thread, a cluster worker or a process. When told to call, it
// reports how the call ended, and who it is.
import { parentPort, workerData } from "node:worker_threads";
import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";

const { folder, options } = workerData ?? JSON.parse(process.env.MEMBER);
const failfast = createFailfast({ store: fileStore(folder) });
const salesApi = failfast("sales_api", "1h", options);
const say = (message) => (parentPort ? parentPort.postMessage(message) : process.send(message));
const works = async () => "works";
const fails = async () => {
  throw new Error("down");
};

(parentPort ?? process).on("message", async (backend) => {
  const ended = await salesApi.run(backend === "works" ? works : fails).then(
    (value) => value,
    (error) => error.code ?? error.message,
  );
  say({ ended, state: salesApi.state });
});
await failfast.ready();
say({ ended: "started", state: salesApi.state });
