// The output in the terminal: plain lines, with colour if the terminal supports it.
const { NO_COLOR, TERM } = process.env;
const colour = process.stdout.isTTY && !NO_COLOR && TERM !== "dumb";
const paint = (code) => (text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : String(text));

export const bold = paint(1);
const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);

export const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
export const plural = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

export function say(text) {
  const seconds = (performance.now() / 1_000).toFixed(1).padStart(5);
  console.log(`${dim(`${seconds} s`)}  ${text}`);
}

export function act(title) {
  console.log(`\n${bold(title)}`);
}

/** A table of rows, the first of which is its head. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const [at, row] of rows.entries()) {
    const line = row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : String(cell).padStart(widths[column])))
      .join("   ");
    console.log(`  ${at === 0 ? bold(line) : line}`);
    if (at === 0) console.log(`  ${dim(widths.map((width) => "-".repeat(width)).join("   "))}`);
  }
}
