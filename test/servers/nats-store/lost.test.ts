import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { natsStore } from "../../../src/stores/nats.js";
import { requireProgram } from "../require.js";
import type { ServerProcess } from "../server-process.js";
import { type OpenNats, open, startNats } from "./start-nats.js";

const natsServer = requireProgram("nats-server");

describe.skipIf(!natsServer)("a list from NATS", () => {
  let server: ServerProcess;
  let opened: OpenNats;
  beforeEach(async () => {
    server = await startNats(natsServer);
    opened = await open(server.port);
  });
  afterEach(async () => {
    await opened.close();
    await server.stop();
  });

  test("whose entries are lost on the way ends with an error", async () => {
    const { kv } = opened;
    await natsStore(kv).set("a", "1", 60_000);
    let stop = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const silent = {
      stop,
      [Symbol.asyncIterator]: () => ({
        next: () => ended.then(() => ({ done: true as const, value: undefined })),
      }),
    };
    const store = natsStore(
      new Proxy(kv, {
        get: (target, name) =>
          name === "history"
            ? async () => silent
            : (Reflect.get(target, name) as (() => unknown) | undefined)?.bind(target),
      }),
    );
    await expect(Promise.resolve(store.list?.(""))).rejects.toThrow(/no whole list within 5000 ms/);
    expect(await natsStore(kv).get("a")).toBe("1");
  });
});
