// docs/fleet.md and its plots, from a run.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
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
    "# A fleet in an outage, and the load on its store",
    "",
    "Simulations of a whole fleet, under virtual time. The code is the built library, unchanged. Each simulated process is an",
    "instance with its own copy of the state, connected to a store that counts its operations. This command writes the page and",
    "its plots:",
    "",
    "```sh",
    "npm run bench:fleet -- --write   # some minutes; --quick (in `make verify` and CI): smaller fleets, the same checks",
    "```",
    "",
    "| what | result | aim |",
    "|---|---|---|",
    ...studies.flatMap(rowsOf),
  ];
  for (const study of studies) lines.push("", ...sectionOf(study));
  writeFileSync(docs("fleet.md"), `${lines.join("\n")}\n`);
}

/** Replaces one study's part of the page: its rows in the table of aims, and its section. */
export function writeSections(studies) {
  let page = readFileSync(docs("fleet.md"), "utf8");
  for (const study of studies) {
    const section = `${sectionOf(study).join("\n")}\n`;
    const known = page.split(/^(?=## )/m).find((part) => part.startsWith(`## ${study.title}\n`));
    if (known === undefined) page += `\n${section}`;
    else page = page.replace(known, known.endsWith("\n\n") ? `${section}\n` : section);
    for (const row of rowsOf(study)) {
      const what = row.split(" | ")[0];
      const before = page.split("\n").find((line) => line.startsWith(`${what} | `));
      if (before !== undefined) page = page.replace(before, row);
      else page = page.replace(/\n\n## /, `\n${row}\n\n## `);
    }
  }
  writeFileSync(docs("fleet.md"), page);
}

const rowsOf = ({ checks }) =>
  checks.map(({ what, found, aim, met }) => `| ${what} | ${found}${met ? "" : " **(missed)**"} | ${aim} |`);

function sectionOf({ title, before, columns, rows, plots, after }) {
  const lines = [`## ${title}`, "", ...before, ""];
  mkdirSync(docs("fleet"), { recursive: true });
  for (const { file, svg, alt } of plots) {
    writeFileSync(docs(`fleet/${file}.svg`), svg);
    lines.push(`![${alt}](fleet/${file}.svg)`, "");
  }
  lines.push(...table(columns, rows));
  if (after.length > 0) lines.push("", ...after);
  return lines;
}
