// llms.txt: the pages with a sentence each, from which a machine chooses; llms-full.txt: all their text.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export function writeLlms(pages, menu, folder) {
  const lines = [
    "# failfast",
    "",
    "> A circuit breaker for TypeScript whose state a whole fleet of processes shares.",
    "",
  ];
  const full = [];
  for (const { text, items } of menu) {
    lines.push(`## ${text}`, "");
    for (const item of items) {
      const markdown = pages.get(`${item.link.slice(1)}.md`) ?? pages.get(`${item.link.slice(1)}index.md`);
      lines.push(`- [${item.text}](${item.link}): ${firstSentence(markdown)}`);
      full.push(markdown);
    }
    lines.push("");
  }
  writeFileSync(join(folder, "llms.txt"), lines.join("\n"));
  writeFileSync(join(folder, "llms-full.txt"), full.join("\n\n---\n\n"));
}

function firstSentence(markdown) {
  const paragraph = markdown
    .replace(/^---[\s\S]*?^---$/m, "")
    .replace(/^```[\s\S]*?^```$/gm, "")
    .split(/\n\s*\n/)
    .find((each) => /^[A-Z`*]/.test(each.trim()));
  const plain = (paragraph ?? "")
    .replace(/\s+/g, " ")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim();
  return /^.*?[.:](?=\s|$)/.exec(plain)?.[0] ?? plain;
}
