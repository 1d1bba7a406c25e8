import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { command, runs } from "./project.mjs";

test("are the types wrong: every subpath, from ES modules, CommonJS and bundlers", async () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  await runs(command("attw"), ["--pack", root, "--profile", "node16", "--exclude-entrypoints", "nest"], {
    cwd: root,
  });
});
