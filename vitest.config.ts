import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/**
 * Slow, and rarely fails: fail-overs, models, isolation levels, poolers, full disks, rights, every mode of every client,
 * every server by its URL, fleets of several versions, faults of stores that are rarer than Redis and PostgreSQL.
 * `make verify` runs it.
 */
const SLOW = [
  "test/servers/cli/permissions.test.ts",
  "test/servers/clients/queue.test.ts",
  "test/servers/compat/versions.test.ts",
  "test/servers/dashboard/{fleet,page-accessible,page-many,pictures}.test.ts",
  "test/servers/django-store/{encodings,mixed-fleet}.test.ts",
  "test/servers/dynamodb-store/service.test.ts",
  "test/servers/file-store/{disk,limits}.test.ts",
  "test/servers/{model-checker,mutation}.test.ts",
  "test/servers/{dynamodb,memcached,mysql,nats,sqlite,upstash}-store/faults.test.ts",
  "test/servers/{mysql,postgres}-store/isolation.test.ts",
  "test/servers/nats-store/limits.test.ts",
  "test/servers/postgres-store/{cursor,pgbouncer}.test.ts",
  "test/servers/redis-store/{cluster,exit,outage,sentinel}.test.ts",
  "test/servers/store-url/servers.test.ts",
  "test/servers/watch-refused.test.ts",
];

/** Beside the code, no process and no server: the machine, the record, the replica, the surface. */
const UNIT = [
  "src/**/*.test.ts",
  "test/*.test.ts",
  "test/rules/**/*.test.ts",
  "test/compat/*.test.ts",
  "test/policy/**/*.test.ts",
];

/** Those that replace time, modules or globals, or listen to the process: each gets a thread of its own. */
const REPLACES = [
  /vi\.(useFakeTimers|mock|resetModules|stubGlobal)/,
  /vi\.spyOn\((process|console|globalThis|Date|Math|performance)\b/,
  /process\.(env\[|on\(|removeAllListeners|getActiveResources)/,
  /defineProperty\((globalThis|Error|String\.prototype|process)\b/,
];
const cwd = import.meta.dirname;
const alone = globSync(UNIT, { cwd }).filter((file) => {
  const text = readFileSync(join(cwd, file), "utf8");
  return REPLACES.some((sign) => sign.test(text));
});

const unit = {
  pool: "threads" as const,
  // Tests of a store in trouble would fill the screen with its warnings.
  execArgv: ["--disable-warning=FAILFAST_STORE"],
  // Tests that are marked as concurrent mostly wait.
  maxConcurrency: 40,
  // Properties are tried hundreds of times: slow only where the machine is busy.
  testTimeout: 30_000,
  expect: { poll: { timeout: 20_000 } },
  unstubEnvs: true,
  // By default vitest leaves one processor free.
  maxWorkers: 2,
};

export default defineConfig({
  test: {
    projects: [
      // Files share two threads, and what they have loaded: so they take little more than half the time.
      { test: { ...unit, name: "unit", include: UNIT, exclude: alone, isolate: false } },
      { test: { ...unit, name: "unit-alone", include: alone } },
      // Real servers and real processes. They often wait: four files at a time on two cores.
      {
        test: {
          name: "servers",
          include: ["test/servers/**/*.test.ts"],
          exclude: SLOW,
          globalSetup: "test/servers/shared-folder.ts",
          testTimeout: 120_000,
          expect: { poll: { timeout: 20_000 } },
          hookTimeout: 120_000,
          maxConcurrency: 10,
          maxWorkers: 4,
        },
      },
      {
        test: {
          name: "servers-slow",
          include: SLOW,
          globalSetup: "test/servers/shared-folder.ts",
          testTimeout: 120_000,
          expect: { poll: { timeout: 20_000 } },
          hookTimeout: 120_000,
          maxConcurrency: 10,
          maxWorkers: 3,
        },
      },
      // The guards and stores again, with the major before of what they take: npm aliases stand in for the newest.
      {
        test: {
          name: "previous",
          include: [
            "test/servers/clients/{ai,fetch,retries,time-outs,tools,undici}.test.ts",
            "test/servers/cache-store/contract.test.ts",
          ],
          alias: [
            { find: /^(ai)(\/.*)?$/, replacement: "ai-6$2" },
            { find: "keyv", replacement: "keyv-5" },
            { find: "ky", replacement: "ky-1" },
            { find: "openai", replacement: "openai-6" },
            { find: "undici", replacement: "undici-7" },
          ],
          globalSetup: "test/servers/shared-folder.ts",
          testTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
          hookTimeout: 60_000,
          maxConcurrency: 10,
          maxWorkers: 2,
        },
      },
      // Not a test of anything: what npm run stores:table runs.
      {
        test: {
          name: "table",
          include: ["test/stores-table/*.table.ts"],
          globalSetup: "test/servers/shared-folder.ts",
          testTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
          hookTimeout: 60_000,
        },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts", "src/**/*.fixture.ts"],
      // The rooms that decide: every branch.
      thresholds: {
        "src/{breaker,protocol,sync,policy}/**/*.ts": { branches: 100 },
      },
      reporter: ["text-summary", "text"],
    },
  },
});
