import { defineConfig } from "vitest/config";

// The tests that mutation testing asks about each mutant: those beside it, which run in a moment.
const room = process.env["FAILFAST_MUTATE"] ?? "{breaker,protocol,policy,sync}";

export default defineConfig({
  test: { testTimeout: 60_000, include: [`src/${room}/*.test.ts`] },
});
