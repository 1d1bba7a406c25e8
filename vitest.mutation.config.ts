import { defineConfig } from "vitest/config";

// The tests that mutation testing asks about each mutant: those beside the pure rooms, which run in a moment, or,
// for the replica, the rules as well.
const beside = ["src/machine/*.test.ts", "src/trip/*.test.ts"];
const rules = ["src/replica/*.test.ts", "test/rules/**/*.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    include: process.env["FAILFAST_MUTATE"] === "replica" ? rules : beside,
  },
});
