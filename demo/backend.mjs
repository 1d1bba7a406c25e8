// A real HTTP backend that its parent can make hang. It counts the calls that reach it, by phase.
import { createServer } from "node:http";

let hangs = false;
let calls = 0;
const server = createServer((_, response) => {
  calls++;
  if (!hangs) setTimeout(() => response.end("ok"), 5);
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("message", ({ id, hang, count }) => {
  if (hang !== undefined) hangs = hang;
  if (hang === false) server.closeAllConnections();
  process.send({ answer: id, calls });
  if (count === "reset") calls = 0;
});
process.on("disconnect", () => process.exit(0));
