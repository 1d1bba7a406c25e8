// Tables for the terminal, row by row, and the same as Markdown for the page of figures.

export const quantile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)];

export const against = (value, budget) =>
  budget === undefined ? "" : value <= budget ? `met (${budget})` : `missed: ${budget}`;

export class Report {
  #lines = [];
  #widths = [];

  /** Begins a table; the first column is text, the others are numbers. */
  table(title, ...columns) {
    console.log("");
    this.#lines.push("", `## ${title}`, "");
    this.#widths = columns.map((column, at) => Math.max(column.length + 2, at === 0 ? 44 : 12));
    this.#print([title, ...columns.slice(1)]);
    this.#lines.push(markdown(columns), `|${columns.map((_, at) => (at === 0 ? "---" : "---:")).join("|")}|`);
  }

  row(...cells) {
    this.#print(cells);
    this.#lines.push(markdown(cells));
  }

  say(text) {
    console.log(text);
    this.#lines.push(text);
  }

  get markdown() {
    return `${this.#lines.join("\n").trim()}\n`;
  }

  #print(cells) {
    const padded = cells.map((cell, at) =>
      at === 0 ? String(cell).padEnd(this.#widths[0]) : String(cell).padStart(this.#widths[at] ?? 12),
    );
    console.log(padded.join(" ").trimEnd());
  }
}

const markdown = (cells) => `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
