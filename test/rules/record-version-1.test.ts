// Records of version 1 as text, as stores have them. Processes of this version and of all later ones share them.
// Fields may only be added: older readers skip a field that they don't know, and refuse another `v`.
import { describe, expect, test } from "vitest";
import { createFailfast, memoryStore, type Store } from "../../src/index.js";
import { appendAudit, readAudit } from "../../src/report/audit.js";
import { decodeReport } from "../../src/report/process-report.js";
import { manualClock } from "../../src/testing/index.js";

const AT = 1_795_862_271_895;
const WEB_1 = "web-1/26243/pwx1e0";
const OPEN = `{"v":1,"revision":1795862271895,"generation":1795862271895,"nonce":"0fxps143x09s1da3a392wk","by":"${WEB_1}","reason":"TypeError","at":1795862271895,"state":"open","until":1795862331895,"duration":60000}`;
const CLOSED = `{"v":1,"revision":1795862271936,"generation":1795862271936,"nonce":"tcs76y1z32l1wzkbqwmjge","by":"${WEB_1}","reason":"reset by an operator","at":1795862271935,"state":"closed"}`;
const TRIPPED = `{"v":1,"revision":1795862271936,"generation":1795862271936,"nonce":"zcs76y1z32l1wzkbqwmjge","by":"alice","reason":"it lies","at":1795862271935,"manual":true,"state":"open","until":1795862571895,"duration":300000}`;
const VOTED = `{"v":1,"revision":1795862272104,"nonce":"a3yq0bfoc9wh3tegh7dml","by":"${WEB_1}","at":1795862272104,"votes":[{"host":"web-1","until":1795862331953}],"state":"closed"}`;
const PROBED = `{"v":1,"revision":1795862272765,"generation":1795862272765,"nonce":"4q0u34pp4pcsz4p685qoi","by":"${WEB_1}","reason":"TypeError","at":1795862272765,"owner":"${WEB_1}","lapsed":1,"reopens":2,"state":"half-open","until":1795862282765,"duration":10000}`;
const HELD = `{"v":1,"revision":1795862271905,"nonce":"401dihp1cecn7g8atqttts","state":"open","until":1795862871895,"duration":600000,"by":"alice","reason":"migration","at":1795862271905}`;
const HELD_CLOSED = `{"v":1,"revision":1795862271905,"nonce":"501dihp1cecn7g8atqttts","state":"closed","by":"alice","reason":"a false alarm","at":1795862271905}`;
const RELEASED = `{"v":1,"revision":1795862271935,"nonce":"iegp10js3hqhu2gmrukhfr","state":"released","by":"bob","reason":"done","at":1795862271934}`;

async function joined(records: Readonly<Record<string, string>>) {
  const clock = manualClock({ wall: AT });
  const store = memoryStore({ clock });
  for (const [key, text] of Object.entries(records)) await store.set(key, text, 86_400_000);
  const failfast = createFailfast({ store, clock, host: "web-2" });
  await failfast.ready();
  return { clock, store, failfast };
}

describe("a process that joins a fleet with records of version 1", () => {
  test.each([
    [
      "open",
      { "circuit:x": OPEN },
      { state: "open", held: undefined, retryAfter: 60, by: WEB_1, reason: "TypeError" },
    ],
    ["closed", { "circuit:x": CLOSED }, { state: "closed", retryAfter: 0 }],
    ["tripped by an operator", { "circuit:x": TRIPPED }, { state: "open", retryAfter: 300, by: "alice" }],
    ["voted for by another host", { "circuit:x": VOTED }, { state: "closed", retryAfter: 0 }],
    ["probed by another", { "circuit:x": PROBED }, { state: "half-open", reason: "TypeError" }],
    [
      "held open",
      { "hold:x": HELD },
      { state: "open", held: "open", retryAfter: 600, by: "alice", reason: "migration" },
    ],
    [
      "held closed though open",
      { "circuit:x": OPEN, "hold:x": HELD_CLOSED },
      { state: "closed", held: "closed" },
    ],
    ["released", { "circuit:x": OPEN, "hold:x": RELEASED }, { state: "open", held: undefined }],
  ])("accepts a circuit as %s", async (_, records, seen) => {
    const { failfast } = await joined(records as Record<string, string>);
    expect(failfast("x", 60).snapshot()).toMatchObject(seen);
  });

  test("completes a quorum of votes, and probes a circuit whose open time is over", async () => {
    const { clock, failfast } = await joined({ "circuit:voted": VOTED, "circuit:x": OPEN });
    await failfast("voted", 60, { quorum: 2 })
      .run(() => Promise.reject(new Error("down")))
      .catch(() => 0);
    await clock.advance(1_000);
    expect(failfast("voted").snapshot()).toMatchObject({ state: "open", pending: false });
    await clock.advance(60_000);
    expect(await failfast("x", 60).run(async () => "served")).toBe("served");
    expect(failfast("x").state).toBe("closed");
  });
});

describe("a record that is written today", () => {
  const written = async (store: Store, key: string): Promise<Record<string, unknown>> =>
    JSON.parse((await store.get(key)) ?? "null");
  /** The fields of a record and their types. */
  const shape = (text: string | Record<string, unknown>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(typeof text === "string" ? JSON.parse(text) : text).map(([name, value]) => [
        name,
        typeof value,
      ]),
    );

  test("has every field that readers of version 1 need, of the same type", async () => {
    const { clock, store, failfast } = await joined({});
    const fails = () => Promise.reject(new TypeError("down"));
    await failfast("x", 60)
      .run(fails)
      .catch(() => 0);
    await failfast("held", 60).hold("open", { reason: "migration", by: "alice", until: "10m" });
    await failfast("tripped", 60).trip({ reason: "it lies", by: "alice" });
    await failfast("voted", 60, { quorum: 2 })
      .run(fails)
      .catch(() => 0);
    await clock.advance(1_000);
    for (const [key, text] of [
      ["circuit:x", OPEN],
      ["hold:held", HELD],
      ["circuit:tripped", TRIPPED],
    ] as const)
      expect(shape(await written(store, key)), key).toMatchObject(shape(text));
    // A vote belongs to no transition, so it has no reason.
    expect(shape(await written(store, "circuit:voted"))).toMatchObject(shape(VOTED));
    await failfast("held").release({ by: "bob", reason: "done" });
    expect(shape(await written(store, "hold:held"))).toMatchObject(shape(RELEASED));
    await failfast("tripped").reset();
    expect(shape(await written(store, "circuit:tripped"))).toMatchObject(shape(CLOSED));
  });
});

describe("a later version's", () => {
  test("additional field has no effect on today's readers", async () => {
    const { failfast } = await joined({ "circuit:x": OPEN.replace("{", '{"region":{"eu":[1]},') });
    expect(failfast("x", 60).snapshot()).toMatchObject({ state: "open", retryAfter: 60 });
  });

  test("other record version is refused, and calls go on", async () => {
    const { failfast } = await joined({ "circuit:x": OPEN.replace('"v":1', '"v":2') });
    expect(await failfast("x", 60).run(async () => "served")).toBe("served");
  });
});

test("reports and the audit trail of version 1 are read", async () => {
  const report = `{"v":1,"id":"${WEB_1}","host":"web-1","pid":26243,"service":"shop","version":"0.2.0","startedAt":1795862271000,"at":1795862271895,"everyMs":5000,"total":1,"settings":[{"timeout":"1m"}],"circuits":[{"k":"x","s":"open","n":12,"f":-1,"ms":[1.5,20],"pending":true,"failures":1,"rejections":20}]}`;
  expect(decodeReport(report)).toMatchObject({
    ...{ id: WEB_1, pid: 26_243, service: "shop", storeUp: true, total: 1 },
    circuits: [
      {
        key: "x",
        state: "open",
        pending: true,
        calls: 12,
        failures: 1,
        rejections: 20,
        latencyMs: { p50: 1.5, p99: 20 },
      },
    ],
  });
  const place = memoryStore();
  await place.set(
    "audit",
    '[{"at":1795862271905,"verb":"hold","holds":"open","circuit":"x","by":"alice","reason":"migration","until":1795862871895}]',
    60_000,
  );
  await appendAudit(place, {
    at: AT,
    verb: "release",
    circuit: "x",
    by: "bob",
    reason: undefined,
    until: undefined,
  });
  expect(await readAudit(place)).toMatchObject([
    { verb: "release", by: "bob" },
    { verb: "hold", holds: "open", circuit: "x", by: "alice", reason: "migration", until: 1_795_862_871_895 },
  ]);
});
