import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { PLACES, type Place } from "./places.js";
import { failfast, Member } from "./run.js";

const soon = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 30_000, interval: 50 });

/** The places all at the same time, and on each one test after the other. */
const inOrder = { concurrent: false };

for (const [where, there, start] of PLACES)
  describe.skipIf(!there).concurrent(`with only the URL, on ${where},`, () => {
    let place: Place;
    let members: Member[] = [];
    const run = (...args: string[]) => failfast(args, { FAILFAST_STORE: place.url });

    beforeAll(async () => {
      place = await start();
      if (place.url.startsWith("postgres")) expect((await run("migrate")).code).toBe(0);
      members = ["web-1", "web-2", "web-3"].map((host) => new Member(place.url, host));
      for (const member of members) expect(await member.call("billing")).toBe("passed");
    }, 60_000);

    afterAll(async () => {
      await Promise.all(members.map((member) => member.stop()));
      await place?.stop();
    });

    test("a person sees which circuits are open, why, since when and by whom", inOrder, async () => {
      expect(await members[0]?.call("sales_api", true)).toBe("TypeError");
      const { code, out } = await run("status");
      expect(code).toBe(0);
      expect(out).toContain("1 open");
      expect(out).toMatch(/^sales_api +open +\d+ s ago +in \d+ m +TypeError +web-1\/\d+\/\w{6}@shop/m);
      const { circuits } = JSON.parse((await run("status", "--json")).out);
      expect(circuits[0]).toMatchObject({ name: "sales_api", state: "open", reason: "TypeError" });
      expect((await run("status", "--check")).code).toBe(4);
    });

    test("a person holds one open for all processes with a reason, and releases it", inOrder, async () => {
      const held = await run("hold", "open", "billing", "--reason", "migration", "--by", "alice", "--new");
      expect(held).toMatchObject({ code: 0, err: "" });
      for (const member of members)
        await soon(async () => expect(await member.call("billing")).toBe("ERR_FAILFAST_OPEN"));
      expect((await run("status", "billing")).out).toMatch(
        /state +held open[\s\S]*why +migration[\s\S]*by +alice/,
      );
      expect((await run("release", "billing", "--by", "bob")).code).toBe(0);
      for (const member of members)
        await soon(async () => expect(await member.call("billing")).toBe("passed"));
      const trail = JSON.parse((await run("events", "--json")).out);
      expect(trail).toMatchObject([
        { verb: "release", circuit: "billing", by: "bob" },
        { verb: "hold", holds: "open", circuit: "billing", by: "alice", reason: "migration" },
      ]);
    });

    test("a person sees every process that calls, and the circuits that never opened", inOrder, async () => {
      const view = await soon(async () => {
        const found = JSON.parse((await run("status", "--json")).out);
        expect(found.processes).toHaveLength(3);
        return found;
      });
      expect(view.processes.map(({ host }: { host: string }) => host).sort()).toEqual([
        "web-1",
        "web-2",
        "web-3",
      ]);
      expect(view.processes[0]).toMatchObject({ service: "shop", storeUp: true, truncated: false });
      const billing = view.circuits.find(({ name }: { name: string }) => name === "billing");
      expect(billing).toMatchObject({ state: "closed", settings: { timeout: "10m" } });
      expect(billing.processes).toHaveLength(3);
    });

    test("the doctor finds nothing wrong", inOrder, async () => {
      const { code, out } = await run("doctor", "--json");
      const failed = JSON.parse(out).filter(({ verdict }: { verdict: string }) => verdict === "failed");
      expect(failed).toEqual([]);
      expect(code).toBe(0);
    });
  });
