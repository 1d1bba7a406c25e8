/** How often a property is tried. Mutation testing asks once for each mutant, and so a fiftieth has to do. */
export const runs = (times: number): { readonly numRuns: number } => ({
  numRuns: process.env["STRYKER_MUTATOR_WORKER"] === undefined ? times : Math.ceil(times / 50),
});
