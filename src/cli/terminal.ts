import { cut, plain, widthOf } from "./plain-text.js";

export type Colour = "red" | "green" | "yellow" | "bold" | "dim" | "none";

const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2, none: 0 };
/** The width of a file, and of a terminal that doesn't tell its own. */
const COLUMNS = 120;
const NARROWEST = 6;

/** One cell of a table. Its text may come from anywhere. */
export interface Cell {
  readonly text: string;
  readonly colour?: Colour;
}

/** What a command writes to. */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  readonly #colours: boolean;

  /** `broken` is called when the reader has gone, as `head` does. By default, further output is lost. */
  constructor(
    out: NodeJS.WriteStream,
    env: NodeJS.ProcessEnv,
    broken: (error: NodeJS.ErrnoException) => void = () => undefined,
  ) {
    this.#out = out;
    out.on("error", broken);
    this.#colours = wantsColours(out.isTTY === true, env);
  }

  get live(): boolean {
    return this.#out.isTTY === true;
  }

  get columns(): number {
    return this.#out.columns || COLUMNS;
  }

  get rows(): number {
    return this.#out.rows || Number.POSITIVE_INFINITY;
  }

  line(text = ""): void {
    this.#out.write(`${text}\n`);
  }

  json(value: unknown): void {
    // JSON leaves some characters that a terminal may take for a command. Escaped, they mean the same.
    const lines = JSON.stringify(value, null, this.live ? 2 : undefined).split("\n");
    this.line(lines.map(plain).join("\n"));
  }

  /** Replaces everything on the screen by these lines. */
  screen(lines: readonly string[]): void {
    this.#out.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\n")}\u001b[J`);
  }

  /** Switches to another screen, so that the old content comes back. Returns a function that ends it. */
  enter(): () => void {
    this.#out.write("\u001b[?1049h\u001b[?25l");
    return () => this.#out.write("\u001b[?25h\u001b[?1049l");
  }

  paint(text: string, colour: Colour = "none"): string {
    return this.#colours && colour !== "none" ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
  }

  /** The lines of a table. If it is wider than the terminal, its last columns are cut; texts are made harmless. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
    const texts = [head, ...rows.map((row) => row.map(({ text }) => plain(text)))];
    const widths = head.map((_, at) =>
      texts.reduce((most, row) => Math.max(most, widthOf(row[at] ?? "")), 0),
    );
    const room = this.columns - 2 * (head.length - 1);
    const tooWide = (): number => widths.reduce((sum, width) => sum + width, 0) - room;
    while (tooWide() > 0 && Math.max(...widths) > NARROWEST) {
      const widest = widths.indexOf(Math.max(...widths));
      const others = Math.max(NARROWEST, ...widths.filter((_, at) => at !== widest));
      widths[widest] = Math.max(
        NARROWEST,
        Math.min((widths[widest] ?? 0) - 1, Math.max(others, (widths[widest] ?? 0) - tooWide())),
      );
    }
    return texts.map((row, index) =>
      row
        .map((text, at) => {
          const shown = cut(text, widths[at] ?? 0);
          const padding =
            at === row.length - 1 ? "" : " ".repeat(Math.max(0, (widths[at] ?? 0) - widthOf(shown)));
          return this.paint(shown, index === 0 ? "dim" : rows[index - 1]?.[at]?.colour) + padding;
        })
        .join("  ")
        .trimEnd(),
    );
  }
}

/** NO_COLOR and FORCE_COLOR, unless empty; otherwise colours if the terminal has them. */
function wantsColours(live: boolean, env: NodeJS.ProcessEnv): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return !["0", "false"].includes(FORCE_COLOR);
  return live && TERM !== "dumb";
}
