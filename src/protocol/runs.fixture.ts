/** A part of the runs of a property: in the fast tests a tenth, and for each mutant of mutation testing a fiftieth. */
const SHARE = { all: 1, few: 50 }[process.env["FAILFAST_TEST_RUNS"] ?? ""] ?? 10;

/** How often a property is tried: so many times by `make verify`, which sets `FAILFAST_TEST_RUNS=all`. */
export const runs = (times: number): { readonly numRuns: number } => ({ numRuns: Math.ceil(times / SHARE) });
