// One of the workers: serves HTTP, and calls the backend for each request, with room for so many at a time.
import { createServer } from "node:http";
import { createFailfast, isFailfastError } from "failfast";
import { openStore } from "./store.mjs";

process.on("SIGINT", () => {}); // Ctrl-C reaches the whole group: the parent ends it.
process.on("disconnect", () => process.exit());

const { worker, backend, place, open, timeoutMs, room } = JSON.parse(process.argv[2]);
const { store, operations, end } = await openStore(place);
let guarded = false;
const failfast = createFailfast({ store, host: `worker-${worker}`, enabled: () => guarded });
const circuit = failfast("backend", open);
const now = () => performance.timeOrigin + performance.now();

const callBackend = circuit(async () => {
  const headers = { "x-worker": worker, "x-sent": now() };
  const response = await fetch(backend, { headers, signal: AbortSignal.timeout(timeoutMs) });
  return response.text();
});

for (const type of ["open", "half-open", "close", "store-down"]) {
  failfast.on(type, ({ local, error }) =>
    process.send({ type, local, at: now(), worker, error: error && String(error) }),
  );
}

let busy = 0;
let rejected = 0;
const server = createServer(async (_, response) => {
  if (busy >= room) {
    response.writeHead(503).end("no room");
    return;
  }
  busy++;
  try {
    response.end(await callBackend());
  } catch (error) {
    if (isFailfastError(error)) {
      rejected++;
      response.writeHead(error.status, error.headers).end("failed fast");
    } else response.writeHead(504).end(error.name === "TimeoutError" ? "timed out" : String(error));
  } finally {
    busy--;
  }
});

await failfast.ready();
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("message", async ({ id, guard, finish }) => {
  if (guard !== undefined) guarded = guard;
  if (finish) await failfast.close();
  process.send({ answer: id, operations, rejected });
  if (finish) await end();
});
