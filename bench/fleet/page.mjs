// docs/fleet.md and its plots, from a run.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const docs = (file) => fileURLToPath(new URL(`../../docs/${file}`, import.meta.url));
const table = (columns, rows) => [
  `| ${columns.join(" | ")} |`,
  `|${columns.map((_, at) => (at === 0 ? "---|" : "---:|")).join("")}`,
  ...rows.map((row) => `| ${row.join(" | ")} |`),
];

/** The page, with the studies in the order they were run. */
export function writePage(studies) {
  mkdirSync(docs("fleet"), { recursive: true });
  const lines = [
    "# A fleet in an outage, and what it asks of its store",
    "",
    "The built library, unchanged, under virtual time: a process is an instance with a replica of its own, and a link",
    "to a store that counts. This page and its plots are written by the run:",
    "",
    "```sh",
    "npm run bench:fleet -- --write   # some minutes; --quick: the same checks on smaller figures, as in `make test`",
    "```",
    "",
    "| what | found | aim |",
    "|---|---|---|",
    ...studies.flatMap(({ checks }) =>
      checks.map(
        ({ what, found, aim, met }) => `| ${what} | ${found}${met ? "" : " **(missed)**"} | ${aim} |`,
      ),
    ),
  ];
  for (const { title, before, columns, rows, plots, after } of studies) {
    lines.push("", `## ${title}`, "", ...before, "");
    for (const { file, svg, alt } of plots) {
      writeFileSync(docs(`fleet/${file}.svg`), svg);
      lines.push(`![${alt}](fleet/${file}.svg)`, "");
    }
    lines.push(...table(columns, rows));
    if (after.length > 0) lines.push("", ...after);
  }
  writeFileSync(docs("fleet.md"), `${lines.join("\n")}\n`);
}
