import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileStore } from "../../src/stores/file.js";

const script = fileURLToPath(new URL("./file-store/increment.mjs", import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "failfast-file-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("eight processes swap one key, none of their writes is lost, none is torn, and each ends by itself", async () => {
  const ends = await Promise.all(
    Array.from({ length: 8 }, () => once(fork(script, [folder, "25"], { execArgv: [] }), "exit")),
  );
  expect(ends.map(([code]) => code)).toEqual(Array(8).fill(0));
  expect(await fileStore(folder).get("count")).toBe("n200");
});

test("worker threads of one process do too", async () => {
  const workers = Array.from(
    { length: 3 },
    () => new Worker(script, { workerData: [folder, "20"], execArgv: [] }),
  );
  expect((await Promise.all(workers.map((worker) => once(worker, "exit")))).map(([code]) => code)).toEqual([
    0, 0, 0,
  ]);
  expect(await fileStore(folder).get("count")).toBe("n60");
});
