// Swaps, and stops itself, as by SIGSTOP, at the last moment before its file gets its number.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [folder, expect, value] = process.argv.slice(2);
const { link } = fs.promises;
let stopped = false;
fs.promises.link = (...names) => {
  if (!stopped) {
    stopped = true;
    fs.writeSync(1, "stopping\n");
    process.kill(process.pid, "SIGSTOP");
  }
  return link(...names);
};
syncBuiltinESMExports();

const { fileStore } = await import("failfast/file");
const result = await fileStore(folder).swap("k", expect === "" ? null : expect, value, 3_600_000);
process.stdout.write(`${JSON.stringify({ ok: result.ok, value: result.value })}\n`);
