// A backend that is down, and two workers that call it.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "circuits-"));
let asked = 0;
const backend = createServer((_, response) => {
  asked++;
  response.writeHead(500).end();
}).listen(0, "127.0.0.1");
await once(backend, "listening");
const url = `http://127.0.0.1:${backend.address().port}`;

for (const name of ["first", "second"]) {
  const worker = fork(new URL("worker.mjs", import.meta.url), [name, folder, url]);
  await once(worker, "exit");
}
console.log(`the backend was asked ${asked} time${asked === 1 ? "" : "s"}`);
backend.closeAllConnections();
backend.close();
rmSync(folder, { recursive: true, force: true });
