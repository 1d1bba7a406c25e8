// A process whose event loop is blocked while calls are under way whose answers have arrived: node
// verification/peer-defects/stalled.mjs LIBRARY
import { connect } from "node:net";
import { Worker } from "node:worker_threads";
import { load } from "./libraries.mjs";
import { realTime } from "./world.mjs";

const TIMEOUT_MS = 150;
const BLOCKED_MS = 400;
const CALLS = 20;

const server = new Worker(
  `const { parentPort } = require("node:worker_threads");
   require("node:net")
     .createServer((socket) => {
       socket.on("error", () => {});
       socket.on("data", () => setTimeout(() => socket.write("answer"), 20));
     })
     .listen(0, "127.0.0.1", function () { parentPort.postMessage(this.address().port); });`,
  { eval: true },
);
const port = await new Promise((ready) => server.once("message", ready));
const sockets = await Promise.all(
  Array.from(
    { length: CALLS },
    () =>
      new Promise((ready) => {
        const socket = connect(port, "127.0.0.1", () => ready(socket.setNoDelay()));
        socket.on("error", () => {});
      }),
  ),
);
const library = await load(process.argv[2]);
const breaker = library.make(realTime, { failures: 5, open: 60_000, timeout: TIMEOUT_MS });

let asked = 0;
const answer = (socket) =>
  new Promise((done) => {
    asked++;
    socket.once("data", () => done("answer"));
    socket.write("question");
  });
const ended = (call) =>
  call.then(() => "served").catch((error) => (breaker.isRejection(error) ? "rejected" : "failed"));

// A busy machine may be late by itself, so the circuit must work before that.
let before = 0;
for (let n = 0; n < 100 && before < 10; n++)
  before += (await ended(breaker.call(() => answer(sockets[0])))) === "served";
asked = 0;
const calls = sockets.map((socket) => ended(breaker.call(() => answer(socket))));
// Some libraries ask their store first: until all requests are on their way.
while (asked < CALLS) await new Promise(setImmediate);
const until = performance.now() + BLOCKED_MS;
while (performance.now() < until);
const ends = await Promise.all(calls);
const next = await ended(breaker.call(async () => "answer"));
process.send(
  {
    before,
    calls: CALLS,
    timedOut: ends.filter((end) => end !== "served").length,
    open: next === "rejected",
  },
  () => process.exit(),
);
