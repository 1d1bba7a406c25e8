import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  endFleet,
  endProcesses,
  type Member,
  percentile,
  type StoreSubject,
  startFleet,
  until,
} from "./fleet/fleet.js";
import { requireProgram } from "./require.js";
import { sharedFolder } from "./shared-folder.js";
import { type RedisServer, startRedis } from "./start-redis.js";

const redisServer = requireProgram("redis-server");
let redis: RedisServer | undefined;
let fleet: Member[] = [];

beforeAll(async () => {
  if (redisServer !== undefined) redis = await startRedis(redisServer);
});
afterEach(async () => {
  await endFleet(fleet);
  fleet = [];
});
afterAll(async () => {
  await endProcesses();
  await redis?.stop();
});

/** A real HTTP backend that counts what reaches it. */
async function startBackend(): Promise<{ url: string; calls(): number; close(): void }> {
  let calls = 0;
  const server = createServer((_, response) => {
    calls++;
    response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/`, calls: () => calls, close };
}

let fleets = 0;
/** A place for a fleet of its own. */
const on = (kind: StoreSubject["kind"]): StoreSubject => {
  if (kind === "redis") return { kind, where: redis?.url ?? "", prefix: `fleet-${++fleets}` };
  return { kind, where: sharedFolder("fleet-") };
};
const stateOf = async (member: Member): Promise<unknown> => (await member.ask("state"))["state"];
const allAre = async (state: string): Promise<boolean> =>
  (await Promise.all(fleet.map(stateOf))).every((each) => each === state);
const first = (): Member => fleet[0] as Member;
const isClose = ({ type }: { readonly type: string }): boolean => type === "close";

describe.each(["file", "redis"] as const)("eight processes on the %s store", (kind) => {
  describe.skipIf(kind === "redis" && redisServer === undefined)("", () => {
    test("share a trip in one with the other seven", async () => {
      fleet = await startFleet(on(kind), 8, "60s");
      const took: number[] = [];
      // The first rounds are for compilers and connections.
      for (let round = -3; round < 12; round++) {
        for (const { seen } of fleet) seen.length = 0;
        const { at } = await first().ask("trip");
        const others = fleet.slice(1);
        const opened = (member: Member) => member.seen.find(({ type }) => type === "open");
        await until(() => others.every(opened), "every process knew");
        if (round >= 0)
          took.push(...others.map((member) => (opened(member)?.at ?? Number.NaN) - (at as number)));
        expect(others.every((member) => opened(member)?.local === false)).toBe(true);
        await first().ask("reset");
        await until(() => allAre("closed"), "every process was closed again");
      }
      const [p50, p99] = [percentile(took, 0.5), percentile(took, 0.99)];
      console.log(
        `a trip reaches 7 others, ${kind}: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, n ${took.length}`,
      );
    });

    test("send one probe at the end of the open time under load", async () => {
      const backend = await startBackend();
      fleet = await startFleet(on(kind), 10, "1500ms");
      await first().ask("trip");
      await until(() => allAre("open"), "every process knew");
      // The backend answers slowly, so that all other processes call while the probe is under way.
      const slow = createServer((_, response) => setTimeout(() => response.end("ok"), 300));
      await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
      const probes: number[] = [];
      slow.on("request", () => probes.push(Date.now()));
      const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`;
      const closedAt = () => Math.min(...fleet.map(({ seen }) => seen.find(isClose)?.at ?? Infinity));
      const inVain = new Set<number>();
      await until(async () => {
        const counts = await Promise.all(fleet.map((member) => member.ask("load", { url, ms: 200 })));
        for (const [n, { waitedInVain }] of counts.entries()) if (Number(waitedInVain) > 0) inVain.add(n);
        return closedAt() < Infinity;
      }, "a probe closed it");
      slow.closeAllConnections();
      slow.close();
      backend.close();
      const sent = probes.filter((at) => at < closedAt() - 50).length;
      expect(sent).toBeGreaterThanOrEqual(1);
      // If a call waits in vain for its lease on a busy machine, its process may send a probe of its own.
      expect(sent).toBeLessThanOrEqual(1 + inVain.size);
    });

    test("send another probe after the lease if the probing process is killed", async () => {
      const backend = await startBackend();
      // The lease lasts a second longer than a call may take.
      fleet = await startFleet(on(kind), 3, "500ms", { callTimeout: "2s" });
      await first().ask("trip");
      await until(() => allAre("half-open"), "the open time was over");
      const [prober, ...others] = fleet as [Member, ...Member[]];
      // A lease that comes too late for its caller is kept for the next call.
      await until(async () => {
        await prober.ask("hang");
        return others.every(({ seen }) => seen.some(({ type }) => type === "half-open"));
      }, "the others knew of the probe");
      const leased = Date.now();
      prober.child.kill("SIGKILL");
      fleet = others;
      await until(async () => {
        await Promise.all(others.map((member) => member.ask("load", { url: backend.url, ms: 500 })));
        return allAre("closed");
      }, "another's probe closed it");
      backend.close();
      const closedAt = Math.min(...others.flatMap(({ seen }) => seen.filter(isClose).map(({ at }) => at)));
      expect(closedAt - leased).toBeGreaterThan(2_500);
    });

    test("keep one host's failures local with quorum 2, and open together with a second host's", async () => {
      fleet = await startFleet(on(kind), 4, "60s", { quorum: 2 });
      await first().ask("trip");
      const load = await Promise.all(fleet.map((member) => member.ask("load", { ms: 700 })));
      expect(load.map(({ rejected }) => (rejected as number) > 0)).toEqual([true, false, false, false]);
      await (fleet[1] as Member).ask("trip");
      await until(() => allAre("open"), "every process knew");
    });

    test("need one failure each with scope: confirm, once they know of a trip", async () => {
      fleet = await startFleet(on(kind), 3, "60s", { scope: "confirm", threshold: 3 });
      for (let n = 0; n < 3; n++) await first().ask("trip");
      await until(async () => (await stateOf(first())) === "open", "it tripped");
      const second = fleet[1] as Member;
      const heard = async (): Promise<boolean> => Number((await second.ask("state"))["generation"]) > 0;
      await until(heard, "the second had heard of it");
      expect(await stateOf(second)).toBe("closed");
      await second.ask("trip");
      expect(await stateOf(second)).toBe("open");
      expect(await stateOf(fleet[2] as Member)).toBe("closed");
    });

    test("keep an error of a host local, and share a backend's Retry-After", async () => {
      fleet = await startFleet(on(kind), 3, "60s", { retryAfter: true });
      await first().ask("trip", { code: "EAI_AGAIN" });
      expect(await stateOf(first())).toBe("open");
      const load = await Promise.all(fleet.slice(1).map((member) => member.ask("load", { ms: 300 })));
      expect(load.map(({ rejected }) => rejected)).toEqual([0, 0]);
      await (fleet[1] as Member).ask("trip", { headers: { "retry-after": "300" } });
      const patient = async (): Promise<boolean> =>
        (await Promise.all(fleet.slice(1).map((member) => member.ask("state")))).every(
          ({ retryAfter }) => Number(retryAfter) > 200 && Number(retryAfter) <= 300,
        );
      await until(patient, "the others waited as long");
    });

    test("lengthen the open time by the same random amount after a failed probe, and need two successes with `probes: 2`", async () => {
      const backoff = { factor: 20, max: "6s", jitter: 0.5 };
      fleet = await startFleet(on(kind), 3, "300ms", { backoff, probes: 2, rampUp: "1s" });
      const second = fleet[1] as Member;
      await first().ask("trip");
      const retryAfters = async (): Promise<number[]> =>
        (await Promise.all(fleet.map((member) => member.ask("state")))).map((each) =>
          Number(each["retryAfter"]),
        );
      // Calls are rejected until this process has the lease, and then one of them is the probe.
      await until(async () => {
        await second.ask("trip");
        return (await retryAfters()).every((left) => left > 0.4 && left <= 6);
      }, "a probe failed, and all knew");
      const spread = async (): Promise<boolean> => {
        const left = await retryAfters();
        expect(Math.max(...left)).toBeLessThanOrEqual(6);
        return Math.max(...left) - Math.min(...left) < 0.4;
      };
      await until(spread, "they had the same deadline");
      await until(async () => {
        await Promise.all(fleet.map((member) => member.ask("succeed")));
        return allAre("closed");
      }, "two probes closed it for all");
      await until(async () => {
        const load = await Promise.all(fleet.map((member) => member.ask("load", { ms: 100 })));
        return load.every(({ rejected }) => rejected === 0);
      }, "every call was admitted again");
    });

    test("do not trip for a process whose event loop was blocked for 2 s", async () => {
      fleet = await startFleet(on(kind), 3, "60s");
      expect(await first().ask("block", { ms: 2_000 })).toMatchObject({
        ends: Array.from({ length: 5 }, () => "TimeoutError"),
      });
      await Promise.all(fleet.map((member) => member.ask("load", { ms: 300 })));
      expect(await allAre("closed")).toBe(true);
    });

    test("end by themselves", async () => {
      fleet = await startFleet(on(kind), 1, "60s");
      const { child } = first();
      const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
      await first().ask("end");
      child.disconnect();
      expect(await ended).toBe(0);
    });
  });
});

describe.skipIf(redisServer === undefined)("Redis in trouble", () => {
  test("costs the calls nothing while frozen for 4 s, and all processes agree afterwards", async () => {
    onTestFinished(() => redis?.resume());
    fleet = await startFleet(on("redis"), 4, "60s");
    const before = await Promise.all(fleet.map((member) => member.ask("load", { ms: 1_000 })));
    redis?.pause();
    const [tripper, ...others] = fleet as [Member, ...Member[]];
    const during = Promise.all(others.map((member) => member.ask("load", { ms: 4_000 })));
    await tripper.ask("trip");
    const alone = await tripper.ask("load", { ms: 3_000 });
    const frozen = await during;
    redis?.resume();
    const worst = (results: readonly Record<string, unknown>[]): number =>
      Math.max(...results.map(({ p99 }) => Number(p99)));
    console.log(
      `p99 of a call: ${worst(before).toFixed(3)} ms before, ${worst(frozen).toFixed(3)} ms while Redis is frozen`,
    );
    expect(frozen.map(({ unexpected, rejected, failed }) => [unexpected, rejected, failed])).toEqual(
      others.map(() => [0, 0, 0]),
    );
    expect([alone["ok"], alone["unexpected"]]).toEqual([0, 0]);
    expect(alone["rejected"]).toBeGreaterThan(300);
    await until(() => allAre("open"), "every process knew of the trip");
  });

  test("that is killed and restarted empty closes no circuit, and gets the record again", async () => {
    const subject = on("redis");
    fleet = await startFleet(subject, 4, "60s");
    await first().ask("trip");
    await until(() => allAre("open"), "every process knew");
    await redis?.restart(200);
    expect(await allAre("open")).toBe(true);
    const late = await startFleet(subject, 1, "60s");
    fleet.push(...late);
    await until(() => allAre("open"), "a new process learned of it from the store");
  });
});
