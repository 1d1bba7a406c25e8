// Code written for opossum, in two processes with one store: if one detects that the backend is down, the other knows it.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";
import CircuitBreaker from "failfast/opossum";

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), "failfast-example-"));
const isFirst = process.argv[2] === undefined;
const failfast = createFailfast({ store: fileStore(folder) });

const stock = new CircuitBreaker(
  async () => {
    throw new Error("the stock service is down");
  },
  { failfast, name: "stock_api", timeout: 1_000, resetTimeout: 60_000 },
);
stock.fallback((article, error) => `${article}: not known (${error.code ?? error.message})`);

// For a script. A service awaits `ready()` before it listens, and needs no `settled()`.
await failfast.ready();
console.log(
  `${isFirst ? "first" : "second"} process, ${stock.opened ? "open" : "closed"}:`,
  await stock.fire("4711"),
);
await failfast.settled();

if (isFirst) {
  const second = fork(process.argv[1], [folder]);
  await new Promise((ended) => second.once("exit", ended));
  stock.shutdown();
  await failfast.close();
  rmSync(folder, { recursive: true, force: true });
}
