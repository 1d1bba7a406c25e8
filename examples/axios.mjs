// An axios client with a circuit for each origin.
import { createServer } from "node:http";
import axios from "axios";
import { failfastAdapter } from "failfast/axios";

let requests = 0;
const server = createServer((_, response) => {
  requests++;
  response.writeHead(500).end();
}).listen(0, "127.0.0.1");
await new Promise((listening) => server.once("listening", listening));
const url = `http://127.0.0.1:${server.address().port}/`;

const client = axios.create({ adapter: failfastAdapter(axios, { callTimeout: "3s", threshold: 1 }) });

await client.get(url).catch((error) => console.log(error.name, error.response.status));
await client.get(url).catch((error) => console.log(error.name, `retry in ${error.retryAfter} s`));
console.log(`${requests} request`);
server.close();
