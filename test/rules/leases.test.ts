import { describe, expect, test } from "vitest";
import { FailfastError } from "../../src/index.js";
import { at, boom, during, ending, fleet, givenUp, type Member, pendingCall } from "./fleet.js";

const total = (members: readonly Member[]): number => members.reduce((sum, { calls }) => sum + calls, 0);

describe("one lease for a fleet", () => {
  for (const without of [[], ["watch"], ["list"], ["list", "watch"]] as const) {
    test(`ten processes at the end of the open time make one probe (store without ${without.join(" and ") || "nothing"})`, async () => {
      const { clock, members } = await fleet(10, { timeout: 5, without });
      await during(clock, 1_500, at(members, 0).fail);
      expect(members.map(({ circuit }) => circuit.state)).toEqual(members.map(() => "open"));
      await clock.advance(5_000);
      const before = total(members);
      const endings = await during(clock, 60, () =>
        Promise.all(members.flatMap((member) => [member.fail(), member.fail(), member.fail()])),
      );
      expect(endings.filter((end) => end === "failed")).toHaveLength(1);
      expect(total(members) - before).toBe(1);
    });
  }

  test("all other calls fail fast while a probe is under way", async () => {
    const { clock, members } = await fleet(3, { timeout: 5 });
    await during(clock, 5_100, at(members, 0).fail);
    const probe = pendingCall(at(members, 1).circuit);
    await clock.advance(50);
    expect(probe.made()).toBe(true);
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["half-open", "half-open", "half-open"]);
    for (const { succeed } of members) expect(await during(clock, 60, succeed)).toBe("rejected");
    probe.succeed();
    await probe.end;
    await clock.advance(50);
    for (const { succeed } of members) expect(await succeed()).toBe("ok");
  });

  test("calls within a probe pass, even if its lease came after it began", async () => {
    const { clock, members } = await fleet(1, { timeout: 5, delay: 400 });
    const { circuit, fail, succeed } = at(members, 0);
    await during(clock, 1_000, fail);
    await clock.advance(5_000);
    // The call waits and gets no lease. The next one probes, and the lease comes meanwhile.
    expect(await during(clock, 300, succeed)).toBe("rejected");
    let goOn = (): void => undefined;
    const probe = circuit.run(async () => {
      await new Promise<void>((done) => {
        goOn = done;
      });
      return circuit.run(async () => "within");
    });
    await clock.advance(1_000);
    goOn();
    expect(await during(clock, 1_000, () => probe)).toBe("within");
    expect(circuit.state).toBe("closed");
  });

  test("a process that ends amid its probe gives the lease back", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    const probe = pendingCall(a.circuit);
    await clock.advance(50);
    expect(b.circuit.retryAfter).toBeGreaterThan(5);
    await during(clock, 600, () => a.failfast.close());
    const { state, owner = "", lapsed = 0 } = store.record("x") ?? {};
    expect([state, owner, lapsed]).toEqual(["half-open", "", 0]);
    expect(await during(clock, 60, b.succeed)).toBe("ok");
    expect(b.circuit.state).toBe("closed");
    // The call goes on, and what comes of it says nothing any more.
    probe.fail();
    expect(await probe.end).toBe("failed");
    await clock.advance(1_000);
    expect(b.circuit.state).toBe("closed");
  });

  test("a sync probe without a lease writes its outcome alone, and one write is enough", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    const sync = a.circuit(() => "ok");
    await during(clock, 5_100, b.fail);
    // It gets a lease that nobody uses.
    expect(() => sync()).toThrow(FailfastError);
    await clock.advance(20_000);
    const before = store.written.length;
    // Killed as soon as the store has its first write.
    a.link.lie = (verb, truth) => {
      if (verb === "swap") a.link.mode = "hanging";
      return truth;
    };
    expect(sync()).toBe("ok");
    await clock.advance(100);
    expect(store.written.slice(before).map(({ value }) => JSON.parse(value).state)).toEqual(["closed"]);
    expect(b.circuit.state).toBe("closed");
  });

  test("a probe that its caller aborted releases the lease", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    const caller = new AbortController();
    const probe = ending(
      a.circuit.run(
        (signal) =>
          new Promise((_, reject) => {
            (signal as unknown as AbortSignal).addEventListener("abort", () => reject(boom));
          }),
        { signal: caller.signal as never },
      ),
    );
    await clock.advance(50);
    expect(b.circuit.state).toBe("half-open");
    caller.abort();
    expect(await probe).toBe("failed");
    await clock.advance(50);
    expect(await during(clock, 60, b.succeed)).toBe("ok");
    expect([a.circuit.state, b.circuit.state]).toEqual(["closed", "closed"]);
  });

  test("a probe that meets another open circuit releases the lease, and the next waits until that circuit may be called", async () => {
    const { clock, members, store } = await fleet(1, { timeout: 5 });
    const { circuit, failfast, fail } = at(members, 0);
    const inner = failfast("inner", 60);
    await during(clock, 50, fail);
    await during(clock, 10, () => inner.trip({ for: 8 }));
    await clock.advance(5_000);
    const written = store.written.length;
    const call = (): Promise<string> => ending(circuit.run(() => inner.run(() => undefined)));
    for (let i = 0; i < 20; i++) expect(await during(clock, 50, call)).toBe("rejected");
    expect(store.written.length - written).toBe(2);
    await clock.advance(2_500);
    expect(await during(clock, 50, call)).toBe("ok");
    expect([circuit.state, inner.state]).toEqual(["closed", "closed"]);
  });

  test("a released lease does not count as a lapse: the next one is no longer", async () => {
    const { clock, members, store } = await fleet(1, { timeout: 5 });
    const { circuit, fail } = at(members, 0);
    await during(clock, 5_100, fail);
    await during(clock, 50, () => givenUp(circuit));
    await during(clock, 50, () => givenUp(circuit));
    void pendingCall(circuit);
    await clock.advance(50);
    expect(store.record("x")).toMatchObject({ state: "half-open", duration: 10_000 });
  });

  test("a probe that never settles is followed by another, with leases that double up to 10 minutes", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    const lengths: unknown[] = [];
    for (let n = 0; n < 8; n++) {
      const probe = pendingCall((n % 2 === 0 ? a : b).circuit);
      await clock.advance(50);
      expect(probe.made()).toBe(true);
      const length = store.record("x")?.["duration"] as number;
      lengths.push(length);
      await clock.advance(length - 1_000);
      expect(await during(clock, 60, (n % 2 === 0 ? b : a).succeed)).toBe("rejected");
      await clock.advance(1_000);
    }
    expect(lengths).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000]);
    expect(await during(clock, 60, a.succeed)).toBe("ok");
    expect(b.circuit.state).toBe("closed");
  });

  test("a lease that is granted too late for its caller is kept for the next call", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    a.link.delay = 100;
    expect(await during(clock, 60, a.succeed)).toBe("rejected");
    await clock.advance(100);
    expect(await during(clock, 60, b.succeed)).toBe("rejected");
    expect(await a.succeed()).toBe("ok");
    await clock.advance(300);
    expect([a.circuit.state, b.circuit.state]).toEqual(["closed", "closed"]);
  });

  test("a write that failed long ago does not allow a probe without a lease", async () => {
    const { clock, members } = await fleet(2, { timeout: 30 });
    const [a, b] = [at(members, 0), at(members, 1)];
    a.link.mode = "read-only";
    await during(clock, 10, a.fail);
    await during(clock, 100, b.fail);
    a.link.mode = "up";
    await clock.advance(30_000);
    expect(a.circuit.snapshot().pending).toBe(false);
    const probes = [pendingCall(a.circuit), pendingCall(b.circuit)];
    await clock.advance(60);
    expect(probes.filter(({ made }) => made())).toHaveLength(1);
  });

  test("a lease that is granted during a local probe belongs to that probe", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    a.link.delay = 300;
    expect(await during(clock, 260, a.succeed)).toBe("rejected");
    const probe = pendingCall(a.circuit);
    expect(probe.made()).toBe(true);
    await clock.advance(800);
    expect(b.circuit.state).toBe("half-open");
    expect(await during(clock, 20, a.succeed)).toBe("rejected");
    a.link.delay = 1;
    probe.succeed();
    await probe.end;
    await clock.advance(1_000);
    expect([a.circuit.state, b.circuit.state]).toEqual(["closed", "closed"]);
  });

  test("a probe does not count once another process has the lease", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    const first = pendingCall(a.circuit);
    await clock.advance(10_100);
    const second = pendingCall(b.circuit);
    await clock.advance(50);
    expect([first.made(), second.made()]).toEqual([true, true]);
    first.succeed();
    await first.end;
    await clock.advance(50);
    expect(a.circuit.state).toBe("half-open");
    second.succeed();
    await second.end;
    await clock.advance(50);
    expect(store.record("x")).toMatchObject({ state: "closed" });
    expect([a.circuit.state, b.circuit.state]).toEqual(["closed", "closed"]);
  });

  test("a failed probe opens the circuit for all, for its whole time", async () => {
    const { clock, members, store } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    await during(clock, 5_100, a.fail);
    expect(await during(clock, 20, b.fail)).toBe("failed");
    expect(store.record("x")).toMatchObject({ state: "open", reopens: 1 });
    await clock.advance(4_800);
    expect(await during(clock, 60, a.succeed)).toBe("rejected");
    await clock.advance(300);
    expect(await during(clock, 60, a.succeed)).toBe("ok");
  });

  test("`probes` successes in a row close the circuit, in whichever processes", async () => {
    const { clock, members } = await fleet(3, { timeout: 5, options: { probes: 3 } });
    await during(clock, 5_100, at(members, 0).fail);
    for (const { succeed, circuit } of members) {
      expect(circuit.state).toBe("half-open");
      expect(await during(clock, 100, succeed)).toBe("ok");
    }
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed", "closed"]);
  });
});

describe("a sync caller", () => {
  test("is rejected, and the lease it asked for serves the next call", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    const sync = a.circuit(() => "done");
    expect(sync()).toBe("done");
    await during(clock, 5_100, a.fail);
    expect(sync).toThrow(FailfastError);
    await clock.advance(20);
    expect(await during(clock, 60, b.succeed)).toBe("rejected");
    expect(sync()).toBe("done");
    await clock.advance(20);
    expect([a.circuit.state, b.circuit.state]).toEqual(["closed", "closed"]);
  });

  test("probes without a lease at the next call if the store does not answer", async () => {
    const { clock, members } = await fleet(1, { timeout: 5 });
    const { circuit, fail, link } = at(members, 0);
    const sync = circuit(() => "done");
    expect(sync()).toBe("done");
    await during(clock, 5_100, fail);
    link.mode = "hanging";
    expect(sync).toThrow(FailfastError);
    expect(sync()).toBe("done");
    expect(circuit.state).toBe("closed");
  });

  test("does not probe while another process's lease is valid", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    const [a, b] = [at(members, 0), at(members, 1)];
    const sync = b.circuit(() => "done");
    expect(sync()).toBe("done");
    await during(clock, 5_100, a.fail);
    void pendingCall(a.circuit);
    await clock.advance(20);
    b.link.mode = "hanging";
    expect(sync).toThrow(FailfastError);
    await clock.advance(2_000);
    expect(sync).toThrow(FailfastError);
    await clock.advance(9_000);
    expect(sync()).toBe("done");
  });
});
