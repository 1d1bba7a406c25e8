import { test } from "node:test";
import { command, copyOf, runs } from "../project.mjs";

test("the types of a worker fit those of Cloudflare", async (t) => {
  const flags = [
    "--noEmit",
    "--strict",
    "--target",
    "esnext",
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
  ];
  const types = ["--lib", "esnext", "--types", "@cloudflare/workers-types", "--skipLibCheck", "false"];
  await runs(t, command("tsc"), [...flags, ...types, "--ignoreConfig", "types.ts"], {
    cwd: copyOf("workerd"),
  });
});
