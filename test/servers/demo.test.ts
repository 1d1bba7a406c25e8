import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";

test("the demo's story comes true, and it says so", async () => {
  const demo = spawn(process.execPath, ["examples/demo/demo.mjs", "--fast"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [demo.stdout, demo.stderr]) stream.on("data", (text) => (said += text));
  const [code] = await once(demo, "exit");
  expect(said).toContain("One call found out for all, and one probe closed it for all.");
  expect(code).toBe(0);
});
