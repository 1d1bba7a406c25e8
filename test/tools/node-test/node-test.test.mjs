import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runs } from "../project.mjs";

test("node:test's fake timers move circuits", async (t) => {
  await runs(t, process.execPath, ["--test", fileURLToPath(new URL("fake-timers.mjs", import.meta.url))]);
});
