import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// The tests that mutation testing asks about each mutant: those beside it, which run in a moment.
const room = process.env["FAILFAST_MUTATE"] ?? "{breaker,protocol,policy,sync}";

/** Properties come last: what an example kills needs no search for the smallest input. */
class ExamplesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isProperty = ({ moduleId }: TestSpecification): boolean => moduleId.includes("properties");
    return [...files].sort((a, b) => Number(isProperty(a)) - Number(isProperty(b)));
  }
}

export default defineConfig({
  test: {
    testTimeout: 60_000,
    include: [`src/${room}/*.test.ts`],
    // One worker for all files of a run: it loads the code once for each mutant, not once for each file.
    isolate: false,
    sequence: { sequencer: ExamplesFirst },
  },
});
