// Over the file store: what one process trips is open in another. Runs under Deno, Bun and Node.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";

const [, script, given] = process.argv;
const folder = given ?? mkdtempSync(join(tmpdir(), "failfast-runtime-"));
const failfast = createFailfast({ store: fileStore(folder) });
const salesApi = failfast("sales_api", 60);
if (given !== undefined) {
  await salesApi.run(() => Promise.reject(new Error("down"))).catch(() => {});
  await failfast.settled();
  await failfast.close();
} else {
  try {
    await salesApi.run(() => 1);
    const opened = new Promise((done) => salesApi.on("open", done));
    const args = globalThis.Deno
      ? ["run", "-A", "--no-lock", "--node-modules-dir=manual", script, folder]
      : [script, folder];
    const child = spawn(process.execPath, args, { stdio: "inherit" });
    const ended = new Promise((done) => child.on("close", done));
    const alive = setTimeout(() => {}, 60_000);
    await opened;
    clearTimeout(alive);
    // It writes to the folder until its end.
    await ended;
    if (salesApi.state !== "open") throw new Error(`it is ${salesApi.state}`);
    console.log("fine");
  } finally {
    await failfast.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
