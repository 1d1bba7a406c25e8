import { afterAll, beforeAll, describe, test } from "vitest";
import { storeContract } from "../../../src/testing/index.js";
import { requireProgram } from "../require.js";
import type { ServerProcess } from "../server-process.js";
import { open, startNats } from "./start-nats.js";

const natsServer = requireProgram("nats-server");

describe.skipIf(!natsServer)("the store contract with NATS", () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startNats(natsServer);
  });
  afterAll(() => server.stop());

  for (const { name, run } of storeContract(() => open(server.port))) test(name, run);
});
