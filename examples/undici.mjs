// One line guards every request of undici, and of the runtime's own fetch.
import { createServer } from "node:http";
import { isFailfastError } from "failfast";
import { failfastInterceptor } from "failfast/undici";
import { Agent, setGlobalDispatcher } from "undici";

let requests = 0;
const server = createServer((_, response) => {
  requests++;
  response.writeHead(500).end();
}).listen(0, "127.0.0.1");
await new Promise((listening) => server.once("listening", listening));
const url = `http://127.0.0.1:${server.address().port}/`;

setGlobalDispatcher(new Agent().compose(failfastInterceptor({ threshold: 1 })));

console.log((await fetch(url)).status);
await fetch(url).catch((error) => console.log(error.message, isFailfastError(error)));
console.log(`${requests} request`);
server.close();
server.closeAllConnections();
