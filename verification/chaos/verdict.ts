/** One result of a round: a figure and its limit. */
export interface Check {
  readonly what: string;
  readonly figure: number;
  /** The upper limit. */
  readonly limit: number;
  readonly unit: string;
  /** Failures in words, if there are any. */
  readonly note?: string;
}

export const holds = ({ figure, limit }: Check): boolean => figure <= limit;

/** On a busy machine everything takes longer; nothing else may change. */
export const slacken = (checks: readonly Check[], slack: number): Check[] =>
  checks.map((check) =>
    check.unit === "s" || check.unit === "ms" ? { ...check, limit: check.limit * slack } : check,
  );

/** The result of one fault on one store. */
export interface Verdict {
  readonly store: string;
  readonly fault: string;
  readonly checks: readonly Check[];
  /** Why it was not tried. */
  readonly skipped?: string;
  /** The error that ended the round. */
  readonly error?: string;
  readonly seconds: number;
}

export const passed = (verdict: Verdict): boolean =>
  verdict.error === undefined && verdict.checks.every(holds);

export const shown = (figure: number, unit: string): string => {
  if (figure === Number.POSITIVE_INFINITY) return "never";
  const digits = unit === "" ? 0 : figure < 0.1 ? 3 : figure < 10 ? 2 : 0;
  return `${figure.toFixed(digits)}${unit === "" ? "" : ` ${unit}`}`;
};

/** A round in a line: its figures, and those beyond their limits. */
export function line(verdict: Verdict): string {
  const head = `${verdict.store.padEnd(10)} ${verdict.fault.padEnd(50)}`;
  if (verdict.skipped !== undefined) return `${head} skipped: ${verdict.skipped}`;
  if (verdict.error !== undefined) return `${head} FAILED: ${verdict.error}`;
  const said = verdict.checks.filter(({ what }) => SAID.includes(what)).map(brief);
  const broken = verdict.checks.filter((check) => !holds(check)).map(complaint);
  return `${head} ${broken.length === 0 ? "ok    " : "FAILED"} ${said.join(", ")}${broken.map((each) => `\n    ${each}`).join("")}`;
}

const SAID = [
  "in step after",
  "added to a call at p99",
  "unanswered at most",
  "next probe after",
  "next check after",
];
const brief = ({ what, figure, unit }: Check): string => `${what} ${shown(figure, unit)}`;
const complaint = ({ what, figure, limit, unit, note }: Check): string =>
  `${what}: ${shown(figure, unit)}, and may be ${shown(limit, unit)}${note ? ` (${note})` : ""}`;
