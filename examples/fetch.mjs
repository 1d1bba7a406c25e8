// A circuit for each origin: after a failure the server is not asked for a while.
import { createServer } from "node:http";
import { failfastFetch } from "failfast/fetch";

let requests = 0;
const server = createServer((_, response) => {
  requests++;
  response.writeHead(503, { "Retry-After": "5" }).end();
}).listen(0, "127.0.0.1");
await new Promise((listening) => server.once("listening", listening));
const url = `http://127.0.0.1:${server.address().port}/`;

const fetch = failfastFetch({ callTimeout: "2s", threshold: 1 });
console.log((await fetch(url)).status);
await fetch(url).catch(({ name, retryAfter }) => console.log(name, `retry in ${retryAfter} s`));
console.log(`${requests} request`);
server.close();
