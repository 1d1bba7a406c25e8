// A real HTTP backend that its parent can make hang. It remembers which calls reached it, who sent them, and when.
import { createServer } from "node:http";

const ANSWER_MS = 5;
let hangs = false;
let calls = [];

const server = createServer(({ headers }, response) => {
  calls.push({ worker: Number(headers["x-worker"]), sent: Number(headers["x-sent"]) });
  if (!hangs) setTimeout(() => response.end("ok"), ANSWER_MS);
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));

process.on("message", ({ id, hang }) => {
  if (hang !== undefined) hangs = hang;
  process.send({ answer: id, calls });
  calls = [];
});
process.on("SIGINT", () => {}); // Ctrl-C reaches the whole group: the parent ends it.
process.on("disconnect", () => process.exit());
