import assert from "node:assert/strict";
import { fork } from "node:child_process";
import cluster from "node:cluster";
import { once } from "node:events";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { newFolder, until } from "../project.mjs";

const script = fileURLToPath(new URL("member.mjs", import.meta.url));

/** Kills a member, and waits for its end: until then it writes to its folder. */
const endProcess = async (child) => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
};

/** How members are started: what each kind gets, and how it ends. */
const kinds = {
  "worker threads": (folder, options) => {
    const worker = new Worker(script, { workerData: { folder, options } });
    return { member: worker, send: (message) => worker.postMessage(message), end: () => worker.terminate() };
  },
  "a cluster": (folder, options) => {
    cluster.setupPrimary({ exec: script });
    const worker = cluster.fork({ MEMBER: JSON.stringify({ folder, options }) });
    return {
      member: worker,
      send: (message) => worker.send(message),
      end: () => endProcess(worker.process),
    };
  },
  processes: (folder, options) => {
    const child = fork(script, { env: { ...process.env, MEMBER: JSON.stringify({ folder, options }) } });
    return { member: child, send: (message) => child.send(message), end: () => endProcess(child) };
  },
};

for (const [kind, makeMember] of Object.entries(kinds))
  describe(kind, () => {
    function fleet(t, options = {}) {
      const folder = newFolder();
      const members = [];
      t.after(async () => {
        for (const { end } of members) await end();
      });
      return async () => {
        const { member, send, end } = makeMember(folder, options);
        const inbox = [];
        member.on("message", (message) => inbox.push(message));
        members.push({ end });
        const next = () => until(() => inbox.shift(), "the member answers");
        const first = await next();
        const call = (backend) => {
          send(backend);
          return next();
        };
        return { first, call, end };
      };
    }

    test("share a trip of one of them", async (t) => {
      const join = fleet(t);
      const [one, other] = [await join(), await join()];
      assert.equal((await one.call("fails")).ended, "down");
      await until(
        async () => (await other.call("works")).ended === "ERR_FAILFAST_OPEN",
        "the other one rejects",
      );
    });

    test("keep the state of the old ones in a rolling reload", async (t) => {
      const join = fleet(t);
      const old = [await join(), await join()];
      await old[0].call("fails");
      await until(async () => (await old[1].call("works")).ended === "ERR_FAILFAST_OPEN", "the fleet knows");
      for (const member of old) {
        const young = await join();
        assert.equal(young.first.state, "open");
        assert.equal((await young.call("works")).ended, "ERR_FAILFAST_OPEN");
        await member.end();
      }
    });

    test("need a failure of their own with scope: confirm", async (t) => {
      const join = fleet(t, { scope: "confirm" });
      const [one, other] = [await join(), await join()];
      assert.equal((await one.call("fails")).ended, "down");
      assert.equal((await one.call("works")).ended, "ERR_FAILFAST_OPEN");
      // A trip elsewhere is not enough: it needs a failure of its own.
      for (let call = 0; call < 10; call++) assert.equal((await other.call("works")).ended, "works");
    });
  });
