import assert from "node:assert/strict";
import { test } from "node:test";
import { command, copyOf, newFolder, runs } from "../project.mjs";

const deno = command("deno");

test("Deno works with no permission but for the network", async (t) => {
  const folder = copyOf("deno");
  const args = ["run", "--no-prompt", "--allow-net=127.0.0.1", "--no-lock", "--node-modules-dir=manual"];
  const output = await runs(t, deno, [...args, "allowed-only-net.mjs"], { cwd: folder });
  assert.match(output, /fine/);
});

test("Deno with all permissions has push between two processes over files", async (t) => {
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

test("Deno KV passes the store contract, polled and pushed, in a fleet, with the types of Deno", async (t) => {
  const args = ["run", "--check", "-A", "--unstable-kv", "--no-lock", "--node-modules-dir=manual", "kv.ts"];
  const printed = await runs(t, deno, [...args, `${newFolder()}/kv.db`], { cwd: copyOf("deno") });
  const { cases, failed, stored, state } = JSON.parse(printed.slice(printed.lastIndexOf("{")));
  // Deno KV takes 64 KiB: of each contract two cases have more, and one of push.
  const tooLarge = failed.filter((what) => /Value too large \(max 65536 bytes\)/.test(what));
  assert.deepEqual(failed, tooLarge);
  assert.equal(tooLarge.length, 5);
  assert.deepEqual({ stored, state }, { stored: true, state: "open" });
  assert.ok(cases > 100);
});
