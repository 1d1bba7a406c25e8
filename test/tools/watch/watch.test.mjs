import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { copyOf, newFolder, start, until } from "../project.mjs";

test("node --watch: a restart with another open time continues with the fleet's circuit", async (t) => {
  const folder = copyOf("watch");
  const file = join(folder, "service.mjs");
  const watched = start(t, process.execPath, ["--watch", file, newFolder()], { cwd: folder });
  const says = (text) =>
    until(
      () => watched.output.includes(text),
      () => `"${text}" in:\n${watched.output}`,
    );
  await says("ended: down, 60 min");
  writeFileSync(file, readFileSync(file, "utf8").replace("60m", "30m"));
  await says("ended: ERR_FAILFAST_OPEN");
});
