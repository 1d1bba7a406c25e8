import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { command, copyOf, runs } from "../project.mjs";

for (const pool of ["forks", "threads", "vmThreads"])
  test(`vitest's fake timers move circuits, in its pool "${pool}"`, async (t) => {
    const folder = copyOf("vitest");
    cpSync(join(folder, "fake-timers.js"), join(folder, "fake-timers.spec.js"));
    await runs(t, command("vitest"), ["run", "--pool", pool, "--maxWorkers", "1", "fake-timers.spec.js"], {
      cwd: folder,
    });
  });
