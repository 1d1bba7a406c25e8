import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createFailfast } from "failfast";
import { fileStore } from "failfast/file";
import { newFolder, start, until } from "../project.mjs";

const wait = (ms) => new Promise((turn) => setTimeout(turn, ms));

/** A service over a folder, and the messages to it. */
async function service(t, folder) {
  const { child } = start(t, process.execPath, [
    fileURLToPath(new URL("service.mjs", import.meta.url)),
    folder,
  ]);
  const inbox = [];
  child.on("message", (message) => inbox.push(message));
  const next = () => until(() => inbox.shift(), "the service answers");
  await next();
  return {
    async begin(backend, options) {
      child.send({ backend, ...options });
      await next();
    },
    end: next,
    async call(backend, options) {
      await this.begin(backend, options);
      return next();
    },
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
  };
}

// They wait while it is frozen: all at the same time.
describe("a process that is frozen and thawed, as on serverless platforms,", { concurrency: true }, () => {
  test("counts its time-outs, even if it was frozen just before each call", async (t) => {
    const frozen = await service(t, newFolder());
    const states = [];
    for (let request = 0; request < 6 && states.at(-1) !== "open"; request++) {
      frozen.freeze();
      await wait(1_200);
      frozen.thaw();
      const { ended, state } = await frozen.call("hangs");
      assert.equal(ended, "ERR_FAILFAST_TIMEOUT");
      states.push(state);
    }
    assert.deepEqual(states, ["closed", "closed", "open"]);
  });

  test("excuses the calls during which it was frozen, but only a few in a row", async (t) => {
    const frozen = await service(t, newFolder());
    const states = [];
    for (let request = 0; request < 20 && states.at(-1) !== "open"; request++) {
      await frozen.begin("hangs");
      frozen.freeze();
      await wait(600);
      frozen.thaw();
      states.push((await frozen.end()).state);
    }
    assert.deepEqual(states.slice(0, 3), ["closed", "closed", "closed"]);
    assert.equal(states.at(-1), "open");
  });

  test("learns what happened meanwhile before its first call, if it awaits ready()", async (t) => {
    const folder = newFolder();
    const frozen = await service(t, folder);
    assert.equal((await frozen.call("works")).ended, "works");
    frozen.freeze();
    await wait(200);
    const elsewhere = createFailfast({ store: fileStore(folder) });
    t.after(() => elsewhere.close());
    await elsewhere("sales_api", "1h").trip();
    await wait(1_500);
    frozen.thaw();
    assert.equal((await frozen.call("works", { ready: true })).ended, "ERR_FAILFAST_OPEN");
  });
});
