// docs/torture.md, from a run.
import { CASES } from "./cases.mjs";

const MARK = { pass: "pass", fail: "**fails**", "with a setting": "with a setting", "not offered": "—" };

/** The page, from `{ library: { version, results } }`. */
export function documentOf(runs, skipped) {
  const names = Object.keys(runs);
  const lines = [
    "# Defects of circuit breakers, tried on failfast and on others",
    "",
    "Each case is a defect that somebody reported about a circuit breaker, or that we found in one. Each case runs in the same way on",
    "failfast and on four other libraries. The code of the cases is in `verification/peer-defects/cases`. This command writes the page:",
    "",
    "```sh",
    "npm run torture -- --write   # half a minute; installs the shared breakers in a folder of its own",
    "```",
    "",
    "- **How:** each library has one small adapter (`verification/peer-defects/libraries`), with the settings from its own documentation.",
    "- **Compared:** which calls reach the backend, and how they end.",
    "- **with a setting:** the case fails with the defaults, and passes with the option that the library documents for it.",
    "- **—:** the library does not offer this.",
    "- **Time** is virtual, except in the cases about the event loop, timers and processes, which run in a real process.",
    "- **A fleet** is several instances in one process; each has its own connection to the store, with 1 ms in each direction.",
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
    lines.push("", "Why it matters, and where it was seen:", "");
    for (const { name, why, source } of cases)
      lines.push(`- *${name}*: ${why}.${source ? ` Seen: ${source}.` : ""}`);
  }
  lines.push("", "## Limits of this comparison", "");
  lines.push(
    "- Most cases are reported defects of other libraries, and the authors of failfast knew them. So the comparison favours failfast.",
    "- failfast must pass every case. `make test` checks that, and that opossum and cockatiel behave as this page says.",
    "- Features that failfast does not have are not in the table: bulkheads (opossum, cockatiel, nestjs-resilience), caches (opossum,",
    "  nestjs-resilience), coalescing of calls (opossum), retries (cockatiel, nestjs-resilience).",
    "- The versions are the newest in the registry. nestjs-resilience 3.1.2, in its repository, has the same circuit breaker as 2.1.3, apart",
    "  from one `await`.",
    "- Effect's breaker shares its state only through Redis, with two scripts for each call. Here it runs in one process, because time is",
    "  virtual.",
  );
  if (skipped.length > 0) lines.push("", "Not tried:", "", ...skipped.map((line) => `- ${line}`));
  return `${lines.join("\n")}\n`;
}

const cell = ({ end, note }) =>
  note === undefined || end === "not offered" ? MARK[end] : `${MARK[end]}: ${note}`;
