import { expect, test } from "vitest";
import { createFailfast, failfast as shared } from "../index.js";
import { resetCircuits } from "./reset-circuits.js";

test("resetCircuits() closes and releases every circuit of a failfast, by default of the shared one", async () => {
  const own = createFailfast();
  for (const failfast of [own, shared]) {
    const circuits = [failfast("tripped", 60), failfast("held", 60), failfast("held closed", 60)] as const;
    await Promise.all([circuits[0].trip(), circuits[1].hold("open"), circuits[2].hold("closed")]);
    await (failfast === shared ? resetCircuits() : resetCircuits(failfast));
    expect(circuits.map(({ state, held }) => [state, held])).toEqual(Array(3).fill(["closed", undefined]));
  }
});

test("resetCircuits() says what it takes if it is given something else", async () => {
  for (const other of [null, 5, createFailfast()("x", 60)])
    await expect(resetCircuits(other as never)).rejects.toThrow(/^resetCircuits takes a failfast, /);
});
