import { RARE, rare } from "../rare.mjs";

export async function rareStudy() {
  const found = {};
  for (const [rule, options] of Object.entries(RARE)) found[rule] = await rare(options);
  const row = ([rule, { opensAfter, reached, findings }]) => [
    `\`${rule}\``.replace("`nothing: one failure trips`", "nothing: one failure trips"),
    opensAfter === undefined ? "never" : `call ${opensAfter}`,
    reached,
    findings.length > 0 ? findings.join(", ") : "",
  ];
  const rates = Object.entries(found).filter(([rule]) => /Rate|slowCall/.test(rule));
  const never = rates.map(([, run]) => run).filter(({ opensAfter }) => opensAfter === undefined);
  return {
    title: "A circuit that is called once a minute",
    before: [
      "Its backend hangs for two hours, and each of its 120 calls gives up after a second (`callTimeout`). A circuit stays open for ten",
      "minutes. A rule that counts over the default window of ten seconds never sees two calls together. `npm run bench:fleet -- --only rare`",
      "runs it alone, in three seconds.",
    ],
    columns: ["rule", "opens after", "calls that reach it", "`lint()` says"],
    rows: Object.entries(found).map(row),
    checks: [
      {
        what: "called once a minute: `consecutive: 3` opens",
        aim: "after 3 calls",
        found: `after ${found["consecutive: 3"].opensAfter}`,
        met: found["consecutive: 3"].opensAfter === 3,
      },
      {
        what: "called once a minute: rates that never open, and `lint()` finds each",
        aim: "all",
        found: `${never.filter(({ findings }) => findings.includes("never-trips")).length} of ${never.length}`,
        met: never.every(({ findings }) => findings.includes("never-trips")),
      },
    ],
    plots: [],
    after: [
      "A `threshold` counts failures alone, so that `lint()` can't tell lone failures of a busy circuit from those of a rare one.",
    ],
  };
}
