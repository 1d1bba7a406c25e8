// docs/torture.md, from a run.
import { CASES } from "./cases.mjs";

const MARK = { pass: "pass", fail: "**fails**", "with a setting": "with a setting", "not offered": "—" };

/** The page, from `{ library: { version, results } }`. */
export function documentOf(runs, skipped) {
  const names = Object.keys(runs);
  const lines = [
    "# The torture table",
    "",
    "Defects that circuit breakers have had in the field, each tried in the same way on failfast and on others, by the",
    "name each case has in `verification/peer-defects/cases`. This page is written by the run:",
    "",
    "```sh",
    "npm run torture -- --write   # half a minute; installs the shared breakers in a folder of its own",
    "```",
    "",
    "Each library has one small adapter (`verification/peer-defects/libraries`), with the settings that its own documentation gives. What",
    "is compared is behaviour: which calls reach the backend, and how they end. A case that fails with the defaults is",
    "tried again with the option that is documented for it: *with a setting*. A dash: there is no such thing. Cases run",
    "under virtual time, but for those on the event loop, timers and the process, which have one of their own. In",
    "a fleet each process is an instance, with a link to the store of its own, 1 ms each way.",
    "",
    `| | ${names.map((name) => `${name} ${runs[name].version}`).join(" | ")} |`,
    `|---|${names.map(() => "---|").join("")}`,
  ];
  for (const [end, title] of [
    ["pass", "pass"],
    ["with a setting", "pass with a setting"],
    ["fail", "fail"],
    ["not offered", "not offered"],
  ]) {
    const count = (name) => Object.values(runs[name].results).filter((result) => result.end === end).length;
    lines.push(`| ${title} | ${names.map(count).join(" | ")} |`);
  }
  for (const [about, cases] of Object.entries(CASES)) {
    lines.push(
      "",
      `## ${about}`,
      "",
      `| case | expected | ${names.join(" | ")} |`,
      `|---|---|${names.map(() => "---|").join("")}`,
    );
    for (const { name, expected } of cases) {
      const cells = names.map((library) => cell(runs[library].results[`${about}: ${name}`]));
      lines.push(`| ${name} | ${expected} | ${cells.join(" | ")} |`);
    }
    lines.push("", "Why, and where it was seen:", "");
    for (const { name, why, source } of cases)
      lines.push(`- *${name}*: ${why}.${source ? ` Seen: ${source}.` : ""}`);
  }
  lines.push("", "## What this doesn't say", "");
  lines.push(
    "The cases come from defects that were reported of others, or found in them: that favours a library whose authors could read of",
    "them first. failfast has to pass each; `make test` asserts that, and that opossum and cockatiel do as it says here.",
    "What the others have and failfast has not is no case: bulkheads (opossum, cockatiel, nestjs-resilience), caches (opossum, nestjs-resilience),",
    "coalescing (opossum), retries (cockatiel, nestjs-resilience). Versions are the newest that the registry gave;",
    "nestjs-resilience 3.1.2, in its repository, has the same circuit breaker as 2.1.3 but for one `await`. Effect's breaker",
    "shares its state through Redis alone, by two scripts for each call: under virtual time it is tried in one process.",
  );
  if (skipped.length > 0) lines.push("", "Not tried:", "", ...skipped.map((line) => `- ${line}`));
  return `${lines.join("\n")}\n`;
}

const cell = ({ end, note }) =>
  note === undefined || end === "not offered" ? MARK[end] : `${MARK[end]}: ${note}`;
