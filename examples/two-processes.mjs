// Two processes share a folder: if one detects that the backend is down, the other knows it.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), "failfast-example-"));
const failfast = createFailfast({ store: fileStore(folder) });
const salesApi = failfast("sales_api", 60);
const invoices = salesApi(async () => {
  throw new Error("the backend is down");
});
const isFirst = process.argv[2] === undefined;

await failfast.ready();
await invoices().catch((error) => console.log(`${isFirst ? "first" : "second"} process: ${error.message}`));
await failfast.settled();

if (isFirst) {
  const second = fork(process.argv[1], [folder]);
  await new Promise((ended) => second.once("exit", ended));
  await failfast.close();
  rmSync(folder, { recursive: true, force: true });
}
