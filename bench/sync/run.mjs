// What keeping in step costs a process, and how a fleet does whose store is far away: npm run bench:sync
//
//   --only STUDY    poll, files, names or far
//   --records N     the most records of `poll` (100 000)
//   --library DIR   another build of the library, to compare with
//   --write         docs/performance/sync.md anew, from this run
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { farStudy } from "./far.mjs";
import { filesStudy } from "./files.mjs";
import { namesStudy } from "./names.mjs";
import { page } from "./page.mjs";
import { pollStudy } from "./poll.mjs";

const STUDIES = { poll: pollStudy, files: filesStudy, names: namesStudy, far: farStudy };
const root = fileURLToPath(new URL("../..", import.meta.url));
const { values } = parseArgs({
  options: {
    only: { type: "string" },
    records: { type: "string", default: "100000" },
    library: { type: "string", default: root },
    write: { type: "boolean", default: false },
  },
});
if (values.write && values.only) throw new Error("--write takes a whole run");

const library = {
  folder: resolve(values.library),
  load: (file) => import(pathToFileURL(resolve(values.library, "dist", file)).href),
};
const results = [];
for (const [name, study] of Object.entries(STUDIES)) {
  if (values.only !== undefined && values.only !== name) continue;
  const result = await study(library, Number(values.records));
  results.push(result);
  console.log(`\n${result.title}\n`);
  console.table(
    result.rows.map((row) => Object.fromEntries(result.columns.map((column, at) => [column, row[at]]))),
  );
}
if (values.write) writeFileSync(resolve(root, "docs/performance/sync.md"), page(results));
// Clients of servers that are gone may hold timers.
process.exit(0);
