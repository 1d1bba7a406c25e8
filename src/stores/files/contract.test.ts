import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { storeContract } from "../../testing/index.js";
import { fileStore } from "../file.js";

describe("the store contract on files", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "failfast-contract-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  for (const { name, run } of storeContract(() => fileStore(folder))) {
    // The others mostly wait. Lists read every file, and with forty at once they take too long on a busy machine.
    const add = name.startsWith("list:") ? test : test.concurrent;
    add(name, run, 30_000);
  }
});
