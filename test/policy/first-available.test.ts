import fc from "fast-check";
import { expect, test } from "vitest";
import { type Circuit, createFailfast, firstAvailable, isFailfastError } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { boom } from "../rules/fleet.js";

function two() {
  const clock = manualClock();
  const failfast = createFailfast({ clock });
  return { clock, circuits: [failfast("a", 60), failfast("b", 30)] as const };
}

test("the first circuit that admits the call makes it", async () => {
  const { circuits } = two();
  expect(await firstAvailable(circuits, (circuit) => circuit.name)).toBe("a");
  await circuits[0].trip();
  expect(await firstAvailable(circuits, (circuit) => circuit.name)).toBe("b");
});

test("after a failure the next circuit makes the call, and the failure counts in its own circuit", async () => {
  const { circuits } = two();
  const answer = await firstAvailable(circuits, async (circuit) => {
    if (circuit.name === "a") throw boom;
    return circuit.name;
  });
  expect(answer).toBe("b");
  expect(circuits.map(({ state }) => state)).toEqual(["open", "closed"]);
});

test("if all fail, the last failure is thrown; if none admits, the rejection that ends soonest", async () => {
  const { circuits } = two();
  await expect(firstAvailable(circuits, () => Promise.reject(boom))).rejects.toBe(boom);
  await expect(firstAvailable(circuits, () => 1)).rejects.toMatchObject({ circuit: "b" });
  await expect(firstAvailable(circuits, () => 1)).rejects.toSatisfy(isFailfastError);
});

test('if none admits, "try" calls the one that reopens soonest, past its circuit', async () => {
  const { circuits } = two();
  for (const circuit of circuits) await circuit.trip();
  const asked: string[] = [];
  const ask = async (circuit: { name: string }): Promise<string> => {
    asked.push(circuit.name);
    if (asked.length > 1) throw boom;
    return circuit.name;
  };
  expect(await firstAvailable(circuits, ask, { whenAllOpen: "try" })).toBe("b");
  await expect(firstAvailable(circuits, ask, { whenAllOpen: "try" })).rejects.toBe(boom);
  expect([asked, circuits.map(({ state }) => state)]).toEqual([
    ["b", "b"],
    ["open", "open"],
  ]);
  await circuits[1].hold("open");
  expect(await firstAvailable(circuits, ({ name }) => name, { whenAllOpen: "try" })).toBe("a");
  await circuits[0].hold("open");
  await expect(firstAvailable(circuits, ask, { whenAllOpen: "try" })).rejects.toSatisfy(isFailfastError);
  await expect(firstAvailable(circuits, ask, { whenAllOpen: "no" as never })).rejects.toThrow(
    /whenAllOpen is "no"/,
  );
});

test("after a caller's abort no further circuit is tried", async () => {
  const { circuits } = two();
  const caller = new AbortController();
  const tried: string[] = [];
  const call = firstAvailable(
    circuits,
    async (circuit, signal) => {
      tried.push(circuit.name);
      caller.abort();
      (signal as AbortSignal).throwIfAborted();
    },
    { signal: caller.signal as never },
  );
  await expect(call).rejects.toBe(caller.signal.reason);
  expect(tried).toEqual(["a"]);
  expect(circuits.map(({ state }) => state)).toEqual(["closed", "closed"]);
});

test("anything but a list of circuits is a TypeError", async () => {
  await expect(firstAvailable([], () => 1)).rejects.toThrow(/a list of circuits, at least one/);
  await expect(firstAvailable([{} as never], () => 1)).rejects.toThrow(TypeError);
});

test("wrong arguments count as no failure of any circuit", async () => {
  const circuits = [createFailfast()("a", 60), createFailfast()("b", 60)];
  const mistakes: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
    [() => firstAvailable(circuits, undefined as never), /calls a function .* undefined/],
    [() => firstAvailable(circuits, () => 1, null as never), /the options are null/],
    [
      () => firstAvailable(circuits, () => 1, { whenAllOpn: "try" } as never),
      /"whenAllOpn".* signal, whenAllOpen/,
    ],
    [() => firstAvailable(circuits, () => 1, { whenAllOpen: "wait" as never }), /whenAllOpen is "wait"/],
  ];
  for (const [mistake, message] of mistakes) await expect(mistake()).rejects.toThrow(message);
  expect(circuits.map(({ state }) => state)).toEqual(["closed", "closed"]);
});

test("firstAvailable uses the first that admits and succeeds, and tries none after it", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("ok", "fails", "open"), { minLength: 1, maxLength: 6 }),
      async (providers) => {
        const failfast = createFailfast({ clock: manualClock() });
        const circuits: Circuit[] = [];
        for (const [n, kind] of providers.entries()) {
          const circuit = failfast(`p${n}`, 60 - n);
          if (kind === "open") await circuit.trip();
          circuits.push(circuit);
        }
        const tried: string[] = [];
        const end = await firstAvailable(circuits, async ({ name }) => {
          tried.push(name);
          if (providers[Number(name.slice(1))] === "fails") throw boom;
          return name;
        }).catch((error: unknown) => error);
        const winner = providers.indexOf("ok");
        const reached = providers.slice(0, winner < 0 ? providers.length : winner + 1);
        expect(tried).toEqual(reached.flatMap((kind, n) => (kind === "open" ? [] : [`p${n}`])));
        if (winner >= 0) expect(end).toBe(`p${winner}`);
        else if (providers.includes("fails")) expect(end).toBe(boom);
        else {
          expect(isFailfastError(end)).toBe(true);
          expect((end as { circuit: string }).circuit).toBe(`p${providers.length - 1}`);
        }
      },
    ),
    { numRuns: 60 },
  ));
