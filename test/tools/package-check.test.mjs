import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { command, runs } from "./project.mjs";

test("are-the-types-wrong accepts every subpath, from ES modules, CommonJS and bundlers", async (t) => {
  const archive = fileURLToPath(new URL("node_modules/failfast.tgz", import.meta.url));
  await runs(t, command("attw"), [archive, "--profile", "node16", "--format", "ascii"]);
});
