/** One thing that a round has to show: a figure and its limit. */
export interface Check {
  readonly what: string;
  readonly figure: number;
  /** At most so much. */
  readonly limit: number;
  readonly unit: string;
  /** What went wrong, in words, where there are any. */
  readonly note?: string;
}

export const holds = ({ figure, limit }: Check): boolean => figure <= limit;

/** On a busy machine everything takes longer, and nothing else is different. */
export const slacken = (checks: readonly Check[], slack: number): Check[] =>
  checks.map((check) =>
    check.unit === "s" || check.unit === "ms" ? { ...check, limit: check.limit * slack } : check,
  );

/** What came out of one fault on one store. */
export interface Verdict {
  readonly store: string;
  readonly fault: string;
  readonly checks: readonly Check[];
  /** Why it was not tried. */
  readonly skipped?: string;
  /** What broke off the round. */
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

/** A round in a line: what it took, and what is beyond its limit. */
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
