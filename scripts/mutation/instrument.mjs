// The code of a folder with all its mutants in it, each behind a switch, made by StrykerJS.
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { createInstrumenter } from "@stryker-mutator/instrumenter";
import { createInjector } from "typed-inject";

const silent = {
  isTraceEnabled: () => false,
  isDebugEnabled: () => false,
  trace() {},
  debug() {},
  info() {},
  warn: console.warn,
  error: console.error,
};

/** The files of a folder without its tests; with `names`, only those with one of these names. */
export const codeFiles = (folder, names) =>
  readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith(".ts") && !/\.(test|fixture)\.ts$/.test(file))
    .filter((file) => names === undefined || names.includes(basename(file)));

/** `mutants`: the place of each, and its replacement. `code`: the new text of each file, by its path. */
export async function instrument(folder, files) {
  const sources = files.map((file) => {
    const name = `${folder}/${file}`;
    return { name, content: readFileSync(name, "utf8"), mutate: true };
  });
  const instrumenter = createInjector().provideValue("logger", silent).injectFunction(createInstrumenter);
  const made = await instrumenter.instrument(sources, { plugins: null, excludedMutations: [], ignorers: [] });
  const lines = new Map(sources.map(({ name, content }) => [name, content.split("\n")]));
  return {
    mutants: made.mutants
      .filter(({ status }) => status === undefined)
      .map(({ id, fileName, location: { start, end }, replacement }) => ({
        id,
        file: fileName,
        // Stryker counts from 0.
        line: start.line + 1,
        column: start.column + 1,
        was: textAt(lines.get(fileName), start, end),
        becomes: oneLine(replacement),
      })),
    code: new Map(made.files.map(({ name, content }) => [name, content])),
  };
}

function textAt(lines, start, end) {
  const text = lines.slice(start.line, end.line + 1);
  text[text.length - 1] = text.at(-1).slice(0, end.column);
  text[0] = text[0].slice(start.column);
  return oneLine(text.join("\n"));
}

const oneLine = (text) => text.replace(/\s+/g, " ").trim();
