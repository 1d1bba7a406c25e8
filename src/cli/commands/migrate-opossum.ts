import { readFileSync, writeFileSync } from "node:fs";
import type { Remark } from "../codemod/draft.js";
import { findFiles } from "../codemod/find-files.js";
import { patch } from "../codemod/patch.js";
import type { Rewritten } from "../codemod/rewrite.js";
import type { StandaloneCommand } from "../command.js";
import { CommandError, EXIT } from "../errors.js";
import { plain } from "../plain-text.js";

/** What has to be done in one file. */
interface Found {
  readonly file: string;
  readonly changed: boolean;
  readonly remarks: readonly Remark[];
  /** Why it could not be read. */
  readonly error?: string;
}

/** Moves code from opossum to failfast/opossum. */
export const migrateOpossum: StandaloneCommand = {
  standalone: true,
  summary: "change code from opossum to failfast/opossum",
  usage: "[PATHS]",
  details: `It changes imports, calls of require, and calls without new; nothing else. Without --write it only shows the changes.
PATHS are files and folders; the default is the current folder. It skips node_modules, dist and similar folders.`,
  exitCodes:
    "Exit codes: 0 success; 1 a file could not be read; 2 wrong arguments, or a path does not exist; 130 Ctrl-C.",
  flags: { write: { type: "boolean", help: "change the files; without it nothing is written" } },
  async run({ args, out, err }) {
    // The parser is large, and only this command uses it.
    const { rewrite } = await import("../codemod/rewrite.js");
    const write = args.given("write");
    const json = args.given("json");
    const found: Found[] = [];
    for (const file of files(args.words)) {
      const { error, before, after } = move(file, rewrite);
      const changed = after !== undefined && after.text !== before;
      const remarks = after?.remarks ?? [];
      if (error === undefined && !changed && remarks.length === 0) continue;
      found.push({ file, changed, remarks, ...(error === undefined ? {} : { error }) });
      if (changed && write) writeFileSync(file, after.text);
      if (json) continue;
      if (error !== undefined) err.line(plain(`${file} was not changed: ${error}`));
      if (changed) for (const line of patch(file, before, after.text).split("\n")) out.line(coloured(line));
      for (const { line, text } of remarks) err.line(plain(`${file}:${line}: ${text}`));
    }
    if (json) out.json(found);
    else err.line(summaryOf(found, write));
    return found.some(({ error }) => error !== undefined) ? EXIT.failed : EXIT.ok;

    function coloured(line: string): string {
      return out.paint(plain(line), line.startsWith("-") ? "red" : line.startsWith("+") ? "green" : "none");
    }
  },
};

function files(words: readonly string[]): string[] {
  try {
    return [...findFiles(words.length === 0 ? ["."] : words)];
  } catch (error) {
    throw new CommandError((error as Error).message, EXIT.usage);
  }
}

function move(
  file: string,
  rewrite: (name: string, text: string) => Rewritten,
): { before: string; after?: Rewritten; error?: string } {
  const before = readFileSync(file, "utf8");
  try {
    return { before, after: rewrite(file, before) };
  } catch (error) {
    return { before, error: (error as Error).message };
  }
}

function summaryOf(found: readonly Found[], write: boolean): string {
  const changed = found.filter((each) => each.changed).length;
  const files = changed === 1 ? "1 file" : `${changed} files`;
  if (changed === 0) return "Nothing to change.";
  if (!write) return `${files} to change. Add --write to change them.`;
  return `${files} changed. Then: npm install failfast && npm uninstall opossum @types/opossum`;
}
