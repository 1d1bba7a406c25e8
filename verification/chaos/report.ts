import { holds, passed, shown, type Verdict } from "./verdict.js";

/** The table of a run, with a line for each fault. */
export function markdown(summary: string, verdicts: readonly Verdict[]): string {
  const stores = [...new Set(verdicts.map(({ store }) => store))];
  const parts = stores.map((store) => {
    const rows = verdicts.filter((verdict) => verdict.store === store).map(row);
    return `### ${store}\n\n| fault | | in step after | a later trip reaches all after | added at p99 | unanswered | memory | commands/s |\n|---|---|---|---|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `${summary}.\n\n${parts.join("\n")}`;
}

/** Figures without a column of their own. */
const OUTSIDE = ["written again after", "next probe after", "next check after"];

function row(verdict: Verdict): string {
  const of = (what: string): string => {
    const check = verdict.checks.find((each) => each.what === what);
    return check === undefined ? "" : shown(check.figure, check.unit);
  };
  const broken = verdict.checks.filter((check) => !holds(check)).map(({ what }) => what);
  const outcome =
    verdict.skipped !== undefined
      ? `skipped: ${verdict.skipped}`
      : passed(verdict)
        ? "ok"
        : `**${verdict.error ?? broken.join(", ")}**`;
  const rest = verdict.checks
    .filter(({ what }) => OUTSIDE.includes(what))
    .map(({ what, figure, unit }) => `; ${what} ${shown(figure, unit)}`)
    .join("");
  const cells = [
    of("in step after"),
    of("a later trip reaches all after"),
    of("added to a call at p99"),
    of("unanswered at most"),
    of("memory grown by"),
    of("commands of a process per second"),
  ];
  return `| ${verdict.fault} | ${outcome}${rest} | ${cells.join(" | ")} |`;
}
