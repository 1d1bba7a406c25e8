import { ClassUses } from "./class-uses.js";
import { Draft, type Remark } from "./draft.js";
import { FROM, ModuleReferences } from "./module-references.js";
import { parseFile } from "./parse.js";
import { walk } from "./walk.js";

export interface Rewritten {
  /** The file's new text; the old text if nothing has to be done. */
  readonly text: string;
  readonly remarks: readonly Remark[];
}

/**
 * Moves one file from opossum to failfast/opossum. It changes as little as possible, and never the number of lines.
 *
 * @throws {SyntaxError} if the file can't be parsed.
 */
export function rewrite(name: string, text: string): Rewritten {
  // Most files don't use opossum.
  if (!text.includes(FROM)) return { text, remarks: [] };
  const draft = new Draft(text);
  const program = parseFile(name, text);
  const references = new ModuleReferences(draft);
  const uses = new ClassUses(draft);
  walk(program, (node, around) => references.visit(node, around));
  walk(program, (node, around) => uses.visit(node, around));
  return {
    text: draft.code.toString(),
    remarks: draft.remarks.sort((one, other) => one.line - other.line),
  };
}
