import assert from "node:assert/strict";
import { test } from "node:test";
import { command, copyOf, runs } from "../project.mjs";

const deno = command("deno");

test("Deno, with no permission but for the network", async (t) => {
  const folder = copyOf("deno");
  const args = ["run", "--no-prompt", "--allow-net=127.0.0.1", "--no-lock", "--node-modules-dir=manual"];
  const output = await runs(t, deno, [...args, "allowed-only-net.mjs"], { cwd: folder });
  assert.match(output, /fine/);
});

test("Deno, with all permissions: push between two processes over files", async (t) => {
  const folder = copyOf("deno");
  const output = await runs(
    t,
    deno,
    ["run", "-A", "--no-lock", "--node-modules-dir=manual", "two-processes.mjs"],
    {
      cwd: folder,
    },
  );
  assert.match(output, /fine/);
});
