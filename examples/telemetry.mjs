// Logs of transitions, and metrics for Prometheus, without other packages.
import { createServer } from "node:http";
import { createFailfast } from "failfast";
import { logTo } from "failfast/log";
import { prometheusMetrics } from "failfast/prometheus";

const failfast = createFailfast({ host: "shop" });
const metrics = prometheusMetrics(failfast);
const print = (level) => (fields, message) => console.log(level, fields.circuit, message.split(" by ")[0]);
logTo(failfast, { info: print("info"), warn: print("warn") }); // or logTo(failfast, pino())

const server = createServer((_, response) => {
  response.writeHead(200, { "Content-Type": metrics.contentType }).end(metrics.text());
}).listen(0, "127.0.0.1");
await new Promise((listening) => server.once("listening", listening));

const invoices = failfast(
  "sales_api",
  60,
)(async () => {
  throw new Error("the backend is down");
});
for (let call = 0; call < 3; call++) await invoices().catch(() => {});

const scrape = await (await fetch(`http://127.0.0.1:${server.address().port}/metrics`)).text();
console.log(scrape.match(/^failfast_circuit_(calls|state).* [1-9]\d*$/gm).join("\n"));
server.close();
