import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeReport, encodeReport, type ProcessReport } from "./process-report.js";

const circuit = {
  key: "sales",
  state: "open",
  held: undefined,
  pending: true,
  settings: 0,
  calls: 0,
  failures: 1,
  rejections: 20,
  slow: 0,
  inFlight: undefined,
  latencyMs: { p50: 1.5, p99: 20 },
} as const;
const report: ProcessReport = {
  id: "web-1/4711/k3f9x0@shop",
  host: "web-1",
  pid: 4711,
  service: "shop",
  version: "0.2.0",
  startedAt: 1,
  at: 2,
  everyMs: 5_000,
  storeUp: true,
  total: 1,
  settings: [{ timeout: "1m" }],
  circuits: [circuit],
};

test("a report is decoded to the same", () => {
  expect(decodeReport(encodeReport(report))).toEqual(report);
  const other = {
    ...report,
    storeUp: false,
    pid: undefined,
    service: undefined,
    circuits: [{ ...circuit, held: "closed", calls: undefined, inFlight: 3 } as const],
  };
  expect(decodeReport(encodeReport(other))).toEqual(other);
});

test("a report is never longer than stores and readers accept, whatever its contents", () => {
  const circuits = Array.from({ length: 2_000 }, (_, at) => ({ ...circuit, key: `${"x".repeat(150)}${at}` }));
  const text = encodeReport({ ...report, total: 2_000, circuits });
  expect(text.length).toBeLessThanOrEqual(65_536);
  const read = decodeReport(text);
  expect(read?.circuits.length).toBeGreaterThan(200);
  expect(read?.total).toBe(2_000);
});

test("invalid bytes are no report, and decoding them does not throw", () => {
  for (const raw of [
    "",
    "null",
    "7",
    "[]",
    "{}",
    '{"v":2}',
    `{"v":1,"id":${"[".repeat(100)}`,
    "x".repeat(100_000),
  ])
    expect(decodeReport(raw)).toBeUndefined();
  const hostile = {
    ...JSON.parse(encodeReport(report)),
    settings: [JSON.parse('{"__proto__":"x","constructor":"y","timeout":7}')],
    circuits: [
      null,
      7,
      { k: "a", g: 1 },
      { k: "", g: 0 },
      { k: "b", s: "ajar" },
      { k: "c", n: -5, failures: "many" },
    ],
  };
  const read = decodeReport(JSON.stringify(hostile));
  expect(read?.circuits).toMatchObject([{ key: "c", calls: undefined, failures: 0 }]);
  expect(Object.keys(read?.settings[0] ?? {})).toEqual(["constructor"]);
  fc.assert(
    fc.property(fc.json(), (text) => {
      decodeReport(text);
      decodeReport(
        `{"v":1,"id":"a","host":"a","version":"1","at":1,"startedAt":1,"everyMs":1,"total":1,"settings":[],"circuits":${text}}`,
      );
    }),
    { numRuns: 200 },
  );
});
