// Processes of two versions on one store: one runs the built library, the other a packed copy with another version
// number, or the tarball of a release.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { VERSION } from "../../../src/runtime/version.js";
import { PLACES, type Place } from "../cli/places.js";
import { failfast, Member, type Ran } from "../cli/run.js";
import { installPacked, type Packed } from "./packed.js";

const soon = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 30_000, interval: 50 });

let packed: Packed;
beforeAll(() => {
  packed = installPacked();
});
afterAll(() => packed?.remove());

// Another store would only take longer.
for (const [where, there, start] of PLACES.filter(([name]) => name === "Redis"))
  describe.skipIf(!there)(`two versions on ${where}`, () => {
    let place: Place;
    let newest: Member;
    let other: Member;
    const run = (...args: string[]): Promise<Ran> => failfast(args, { FAILFAST_STORE: place.url });
    const runOther = (...args: string[]): Promise<Ran> =>
      failfast(args, { FAILFAST_STORE: place.url }, packed.folder);

    beforeAll(async () => {
      place = await start();
      newest = new Member(place.url, "newest");
      other = new Member(place.url, "other", packed.folder);
    }, 60_000);
    afterAll(async () => {
      await Promise.all([newest?.stop(), other?.stop()]);
      await place?.stop();
    });

    const sides = [
      ["this version", () => newest, () => other, run, runOther],
      ["the other", () => other, () => newest, runOther, run],
    ] as const;

    test.each(sides)(
      "a trip by %s opens the circuit in the other version, and a closing closes it",
      async (side, one, two) => {
        const circuit = `tripped by ${side}`;
        const options = { timeout: "2s" };
        expect(await two().call(circuit, false, options)).toBe("passed");
        expect(await one().call(circuit, true, options)).toBe("TypeError");
        await soon(async () => expect(await two().call(circuit, true, options)).toBe("ERR_FAILFAST_OPEN"));
        // Its probe closes the circuit for both.
        await soon(async () => expect(await one().call(circuit, false, options)).toBe("passed"));
        await soon(async () => expect(await two().call(circuit, false, options)).toBe("passed"));
        expect((await runOther("status", circuit)).out).toMatch(/state +closed[\s\S]*why +probe succeeded/);
      },
    );

    test("the votes of both make a quorum", async () => {
      const circuit = "voted";
      const options = { quorum: 2 };
      for (const member of [newest, other]) expect(await member.call(circuit, false, options)).toBe("passed");
      expect(await other.call(circuit, true, options)).toBe("TypeError");
      await soon(async () => {
        const { circuits } = JSON.parse((await run("status", "--json", circuit)).out);
        expect(circuits[0].votes).toHaveLength(1);
      });
      expect(await newest.call(circuit, true, options)).toBe("TypeError");
      await soon(async () => {
        const { circuits } = JSON.parse((await runOther("status", "--json", circuit)).out);
        expect(circuits[0]).toMatchObject({ state: "open" });
      });
    });

    test.each(sides)(
      "a hold by an operator of %s applies in both, and the other version's operator releases it",
      async (...of) => {
        const [side, , , act, undo] = of;
        const circuit = `held by ${side}`;
        expect(
          (await act("hold", "open", circuit, "--new", "--reason", "migration", "--by", "alice")).code,
        ).toBe(0);
        for (const member of [newest, other])
          await soon(async () => expect(await member.call(circuit)).toBe("ERR_FAILFAST_OPEN"));
        expect((await undo("status", circuit)).out).toMatch(/state +held open[\s\S]*why +migration/);
        expect((await undo("release", circuit, "--by", "bob")).code).toBe(0);
        for (const member of [newest, other])
          await soon(async () => expect(await member.call(circuit)).toBe("passed"));
        const trail = JSON.parse((await act("events", "--json", "--limit", "2")).out);
        expect(trail).toMatchObject([
          { verb: "release", circuit, by: "bob" },
          { verb: "hold", holds: "open", circuit, by: "alice" },
        ]);
      },
    );

    test("each version sees both, and which of them is older", async () => {
      expect(VERSION).not.toBe(packed.version);
      await soon(async () => {
        for (const look of [run, runOther]) {
          const { processes, circuits } = JSON.parse((await look("status", "--json")).out);
          const versions = processes.map(({ version }: { version: string }) => version);
          expect(versions.sort()).toEqual([packed.version, VERSION].sort());
          const held = circuits.find(({ name }: { name: string }) => name === "held by this version");
          expect(JSON.stringify(held.processes)).toContain(`runs ${packed.version}, and others ${VERSION}`);
        }
      });
      expect((await run("doctor")).out).toMatch(/warning +versions/);
    });
  });
