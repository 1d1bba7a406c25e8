/** The share of a property's runs: a tenth in the fast tests, and a fiftieth for each mutant of mutation testing. */
const SHARE = { all: 1, few: 50 }[process.env["FAILFAST_TEST_RUNS"] ?? ""] ?? 10;

/** How often a property is tried. `make verify` sets `FAILFAST_TEST_RUNS=all` for all of these runs. */
export const runs = (times: number): { readonly numRuns: number } => ({ numRuns: Math.ceil(times / SHARE) });
