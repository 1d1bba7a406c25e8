import { afterEach, describe, expect, test, vi } from "vitest";
import { failfastFetch } from "../clients/fetch.js";
import { createFailfast } from "../index.js";
import { manualClock } from "../testing/index.js";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const fail = async (): Promise<never> => {
  throw new Error("boom");
};

const warnings = (): string[] => {
  const said: string[] = [];
  vi.spyOn(process, "emitWarning").mockImplementation((message) => void said.push(String(message)));
  return said;
};

describe("an unbounded number of names", () => {
  test("causes one warning that says what to do", () => {
    const said = warnings();
    const failfast = createFailfast();
    for (let n = 0; n < 20_001; n++) failfast(`user:${n}`, 60);
    expect(said).toEqual([expect.stringMatching(/10000 names as strings.*function of the call's arguments/)]);
  });

  test("from a function created in each request causes one warning that says what to do", () => {
    const said = warnings();
    const failfast = createFailfast();
    for (let n = 0; n < 2_001; n++) failfast((id: string) => `user:${id}`, 60);
    expect(said).toEqual([
      expect.stringMatching(/1000 functions that name circuits.*where the module is loaded/),
    ]);
  });
});

describe("a warning about an unbounded number of names or functions", () => {
  test("is emitted once for names as strings, and says what to do", () => {
    const said = warnings();
    const failfast = createFailfast({ clock: manualClock() });
    for (let id = 0; id < 30_000; id++) failfast(`user:${id}`, 60);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/10000 names as strings.*"user:9999".*failfast\(\(id\) => "user:" \+ id, 60\)/);
  });

  test("is emitted once for names as strings without a time, and in decorators", () => {
    const said = warnings();
    const failfast = createFailfast({ clock: manualClock() });
    for (let id = 0; id < 5_000; id++) failfast(`user:${id}`);
    for (let id = 5_000; id < 15_000; id++) failfast(`user:${id}`, 60)(fail);
    expect(said).toHaveLength(1);
  });

  test("is not emitted for one name used again and again", () => {
    const said = warnings();
    const failfast = createFailfast({ clock: manualClock() });
    for (let n = 0; n < 30_000; n++) failfast("api", 60);
    expect(said).toEqual([]);
  });

  test("is emitted once for functions that name circuits, created in each request", () => {
    const said = warnings();
    const failfast = createFailfast({ clock: manualClock() });
    for (let n = 0; n < 3_000; n++) failfast((id: string) => `user:${id}`, 60);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/1000 functions that name circuits.*make one where the module is loaded/);
  });

  test("is emitted once for guards of clients, created in each request", () => {
    const said = warnings();
    const failfast = createFailfast({ clock: manualClock() });
    for (let n = 0; n < 3_000; n++) failfastFetch({ failfast });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/make one where the module is loaded/);
  });
});
