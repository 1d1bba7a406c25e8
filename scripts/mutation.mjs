// Mutation testing: makes one small mistake after the other in the code, and looks whether a test beside it notices.
// docs/mutation.md says more.
//
//   node scripts/mutation.mjs                                    the rooms that decide
//   node scripts/mutation.mjs --room policy --room sync          some rooms
//   node scripts/mutation.mjs --room breaker --file reduce.ts    one file, or several, by all tests of its room
//   --workers 1        in so many processes; without it, in as many as there are processors
//   --patience 5000    a test that computes for so many ms, and ten times what it takes, hangs
//   --killers          tells which test noticed each mistake
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { score, survivors, table } from "./mutation/report.mjs";
import { tryRoom } from "./mutation/room.mjs";

/** Each room has to kill that many of a hundred. */
const LEAST = 97;
/** Where the tests of a room are, if not only beside its code. */
const TESTS = { call: ["src/call", "src/api", "test/policy"] };

const { values: asked } = parseArgs({
  options: {
    room: { type: "string", multiple: true, default: ["protocol", "policy", "sync", "breaker"] },
    file: { type: "string", multiple: true },
    patience: { type: "string", default: "5000" },
    workers: { type: "string", default: String(availableParallelism()) },
    killers: { type: "boolean", default: false },
  },
});

const began = performance.now();
const minutes = () => `${((performance.now() - began) / 60_000).toFixed(1)} min`;
for (const room of asked.room) {
  // Any other folder is given by its path.
  const folder = room.includes("/") ? room : `src/${room}`;
  const mutants = await tryRoom(folder, {
    names: asked.file,
    testFolders: TESTS[room],
    workers: Number(asked.workers),
    patienceMs: Number(asked.patience),
    tell: (tried, all) => {
      if (tried % 100 === 0) console.log(`${room}: ${tried} of ${all} after ${minutes()}`);
    },
  });
  console.log(`\n${table(folder, mutants)}\n\nsurvivors:\n${survivors(mutants).join("\n")}\n`);
  if (asked.killers)
    for (const { file, line, column, becomes, by, error } of mutants.filter(({ killed }) => killed))
      console.log(`${file}:${line}:${column}  ${becomes}  killed by ${by}: ${error}`);
  if (score(mutants) < LEAST) {
    console.log(`${folder}: fewer than ${LEAST} % were killed`);
    process.exitCode = 1;
  }
}
console.log(`in ${minutes()}`);
