import { afterAll, beforeAll, describe, test } from "vitest";
import { storeContract } from "../../../src/testing/index.js";
import { requireProgram } from "../require.js";
import type { ServerProcess } from "../server-process.js";
import { libraries, startMemcached } from "./start-memcached.js";

const memcached = requireProgram("memcached");

describe.skipIf(!memcached).each(libraries)("the store contract with $name", ({ verbs, open }) => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startMemcached(memcached);
  });
  afterAll(() => server.stop());

  for (const { name, run } of storeContract(() => open(server.port), { verbs, ttlResolutionMs: 1_000 })) {
    test.concurrent(name, run);
  }
});
