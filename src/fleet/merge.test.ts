import { describe, expect, test } from "vitest";
import type { CircuitRecord } from "../protocol/record.js";
import type { CircuitReport, ProcessReport } from "../report/process-report.js";
import { mergeCircuits } from "./merge.js";

const NOW = 1_000_000;

const record = (fields: Partial<CircuitRecord>): CircuitRecord =>
  ({
    ...{
      v: 1,
      revision: 9,
      nonce: "n",
      state: "open",
      until: NOW + 30_000,
      duration: 60_000,
      by: "web-1/1/aaaaaa",
    },
    ...{
      reason: "TimeoutError",
      at: NOW - 30_000,
      generation: 9,
      owner: "",
      lapsed: 0,
      passed: 0,
      reopens: 2,
    },
    ...{ manual: false, votes: [], ...fields },
  }) as CircuitRecord;

const circuit = (fields: Partial<CircuitReport> = {}): CircuitReport => ({
  ...{ key: "sales", state: "open", held: undefined, pending: false, settings: 0, calls: 10, failures: 1 },
  ...{ rejections: 2, slow: 0, inFlight: undefined, latencyMs: { p50: 2, p99: 4 }, ...fields },
});

const report = (id: string, fields: Partial<ProcessReport> = {}): ProcessReport => ({
  ...{
    id,
    host: id,
    pid: 1,
    service: undefined,
    version: "0.2.0",
    startedAt: 0,
    at: NOW - 1_000,
    everyMs: 5_000,
  },
  ...{ storeUp: true, total: 1, settings: [{ timeout: "1m" }], circuits: [circuit()], ...fields },
});

const merge = (of: Partial<CircuitRecord> | undefined, ...reports: ProcessReport[]) => {
  const records = new Map(of === undefined ? [] : [["sales", { circuit: record(of) }]]);
  return mergeCircuits(records, reports, NOW);
};
const disagreements = (...args: Parameters<typeof merge>) =>
  merge(...args)[0]?.processes.map(({ disagrees }) => disagrees);

describe("a circuit of the fleet", () => {
  test("has the record's state and the sums of the processes' counts", () => {
    expect(merge({}, report("a"), report("b"))).toMatchObject([
      {
        ...{ name: "sales", state: "open", since: NOW - 30_000, until: NOW + 30_000, reason: "TimeoutError" },
        totals: { calls: 20, failures: 2, rejections: 4, slow: 0 },
        latencyMs: { p50: 2, p99: 4 },
        settings: { timeout: "1m" },
      },
    ]);
  });

  test("is half-open once its time is over, and then has no end", () => {
    expect(merge({ until: NOW - 1 })).toMatchObject([{ state: "half-open", until: undefined }]);
  });

  test("that never opened is known from reports alone", () => {
    const closed = report("a", { circuits: [circuit({ state: "closed", calls: undefined })] });
    const [seen] = merge(undefined, closed);
    expect(seen).toMatchObject({
      state: "closed",
      since: undefined,
      by: undefined,
      totals: { calls: undefined },
    });
  });

  test("has its real name, whatever characters it has", () => {
    const records = new Map([["%3Cscript%3E", { circuit: record({}) }]]);
    expect(mergeCircuits(records, [], NOW)[0]?.name).toBe("<script>");
  });
});

describe("a process disagrees", () => {
  test("if its settings differ from most others'", () => {
    expect(
      disagreements({}, report("a"), report("b"), report("c", { settings: [{ timeout: "30s" }] })),
    ).toEqual([undefined, undefined, "its settings differ: timeout 30s, elsewhere 1m"]);
  });

  test("if it runs an older version", () => {
    const [older, newer] =
      disagreements({}, report("a", { version: "0.2.9" }), report("b", { version: "0.2.10" })) ?? [];
    expect([older, newer]).toEqual(["runs 0.2.9, and others 0.2.10", undefined]);
  });

  test("if it has the circuit in another state and had time to learn of the change", () => {
    const closed = report("a", { circuits: [circuit({ state: "closed" })] });
    expect(disagreements({}, closed)).toEqual(["has it closed, and the store open"]);
    expect(disagreements({ at: NOW - 2_000 }, closed)).toEqual([undefined]);
    const alone = report("a", { circuits: [circuit({ pending: true })] });
    expect(disagreements(undefined, alone)).toEqual([
      "has it open by itself, which the store has not granted",
    ]);
  });

  test("no: one that waits for a failure of its own is described as such", () => {
    const confirms = report("a", {
      settings: [{ timeout: "1m", scope: "confirm" }],
      circuits: [circuit({ state: "closed" })],
    });
    expect(disagreements({}, confirms)).toEqual(["admits calls until one fails there"]);
  });

  test("if it does not know of a hold", () => {
    const hold = { ...record({}), state: "closed", until: 0 } as never;
    const records = new Map([["sales", { circuit: record({}), hold }]]);
    const [seen] = mergeCircuits(records, [report("a")], NOW);
    expect(seen).toMatchObject({
      state: "closed",
      held: "closed",
      processes: [{ disagrees: "doesn't know that it is held closed" }],
    });
  });
});
