// One of the workers: serves HTTP, and calls the backend for each request, with room for so many at a time.
import { createServer } from "node:http";
import { createFailfast, isFailfastError } from "failfast";
import { openStore } from "./store.mjs";

const [index, backend, address, open, timeoutMs, room] = process.argv.slice(2);
const { store, operations, end } = await openStore(address);
let guarded = false;
const failfast = createFailfast({ store, host: `worker-${index}`, enabled: () => guarded });
const circuit = failfast("backend", open);
const now = () => performance.timeOrigin + performance.now();

const callBackend = circuit(async () => {
  const response = await fetch(backend, { signal: AbortSignal.timeout(Number(timeoutMs)) });
  return response.text();
});

for (const type of ["open", "half-open", "close"]) {
  failfast.on(type, ({ local }) => process.send({ type, local, at: now(), worker: Number(index) }));
}

let busy = 0;
const server = createServer(async (_, response) => {
  if (busy >= Number(room)) {
    response.writeHead(503).end("no room");
    return;
  }
  busy++;
  try {
    response.end(await callBackend());
  } catch (error) {
    if (isFailfastError(error)) response.writeHead(503, error.headers).end("fails fast");
    else response.writeHead(504).end("timed out");
  }
  busy--;
});

await failfast.ready();
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("message", async ({ id, guard, finish }) => {
  if (guard !== undefined) guarded = guard;
  if (finish) await failfast.close();
  process.send({ answer: id, operations: { ...operations }, state: circuit.state });
  if (finish) end();
});
process.on("disconnect", () => process.exit(0));
