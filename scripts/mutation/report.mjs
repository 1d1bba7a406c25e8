// The results of the mutants, as text.

/** A line for each mutant that no test noticed. */
export const survivors = (mutants) =>
  mutants
    .filter(({ killed }) => !killed)
    .map(({ file, line, column, was, becomes, reached }) => {
      const untested = reached ? "" : "  (no test runs it)";
      return `${file}:${line}:${column}  ${shorten(was)}  ->  ${shorten(becomes)}${untested}`;
    });

/** A Markdown table with a row for each file, and one for the total. */
export function table(title, mutants) {
  const files = Map.groupBy(mutants, ({ file }) => file);
  const rows = [...files].map(([file, its]) => row(`\`${file.split("/").at(-1)}\``, its));
  return [
    `| ${title} | mutants | killed | in a test that hung | survived |`,
    "|---|---|---|---|---|",
    ...rows,
    row("all", mutants),
  ].join("\n");
}

/** How many of a hundred were killed. */
export const score = (mutants) => (100 * count(mutants)) / mutants.length;

function row(name, mutants) {
  const killed = count(mutants);
  const hung = mutants.filter(({ hung }) => hung).length;
  const percent = `${score(mutants).toFixed(1)} %`;
  return `| ${name} | ${mutants.length} | ${killed} (${percent}) | ${hung} | ${mutants.length - killed} |`;
}

const count = (mutants) => mutants.filter(({ killed }) => killed).length;
const shorten = (text) => (text.length > 100 ? `${text.slice(0, 97)}...` : text);
