// A process that calls when it is told to, and reports how the call ended.
import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";

const failfast = createFailfast({ store: fileStore(process.argv[2]) });
const salesApi = failfast("sales_api", "1h", { callTimeout: "300ms", threshold: 3, window: "5m" });
const backends = { works: async () => "works", hangs: () => new Promise(() => {}) };

process.on("message", async ({ backend, ready }) => {
  if (ready) await failfast.ready();
  const call = salesApi.run(backends[backend]);
  process.send({ began: true });
  const ended = await call.then(
    (value) => value,
    (error) => error.code,
  );
  process.send({ ended, state: salesApi.state });
});
process.send({ began: true });
