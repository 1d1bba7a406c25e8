import { describe, expect, test } from "vitest";
import { createFailfast, type Failfast, memoryStore, type Store } from "../index.js";
import { manualClock } from "../testing/index.js";
import { fail, fleetOf, quietly } from "./fleet.fixture.js";
import { prometheusMetrics, timedStore } from "./prometheus.js";

const lines = (text: string, start: string): string[] =>
  text.split("\n").filter((line) => line.startsWith(start));

describe("prometheusMetrics", () => {
  test("counts calls by outcome, and measures how long they took", async () => {
    const { clock, each } = fleetOf(1);
    const failfast = each[0] as Failfast;
    const circuit = failfast("sales_api", 60);
    const metrics = prometheusMetrics(failfast, { buckets: [0.1, 1] });
    const call = circuit.run(() => new Promise<void>((resolve) => clock.after(250, resolve)));
    await clock.advance(250);
    await call;
    await quietly(circuit.run(fail));
    await quietly(circuit.run(fail));
    await quietly(circuit.run(fail));
    const text = metrics.text();
    expect(lines(text, "failfast_circuit_calls_total{")).toEqual([
      'failfast_circuit_calls_total{name="sales_api",outcome="success"} 1',
      'failfast_circuit_calls_total{name="sales_api",outcome="failure"} 1',
      'failfast_circuit_calls_total{name="sales_api",outcome="rejected"} 2',
    ]);
    expect(lines(text, "failfast_circuit_call_duration_seconds")).toEqual([
      'failfast_circuit_call_duration_seconds_bucket{name="sales_api",le="0.1"} 1',
      'failfast_circuit_call_duration_seconds_bucket{name="sales_api",le="1"} 2',
      'failfast_circuit_call_duration_seconds_bucket{name="sales_api",le="+Inf"} 2',
      'failfast_circuit_call_duration_seconds_sum{name="sales_api"} 0.25',
      'failfast_circuit_call_duration_seconds_count{name="sales_api"} 2',
    ]);
  });

  test("reports how many calls are in flight, and how old the oldest is", async () => {
    const { clock, each } = fleetOf(1);
    const failfast = each[0] as Failfast;
    const metrics = prometheusMetrics(failfast, { label: (name) => name.split(":")[0] ?? "" });
    const byHost = failfast((host: string) => host, 60);
    const ends: (() => void)[] = [];
    const calls = ["api:a", "api:b"].map((host) =>
      byHost.for(host).run(() => new Promise<void>((done) => void ends.push(done))),
    );
    await clock.advance(1_500);
    const text = metrics.text();
    expect(text).toContain('failfast_circuit_calls_in_flight{name="api"} 2');
    expect(text).toContain('failfast_circuit_oldest_call_seconds{name="api"} 1.5');
    for (const end of ends) end();
    await Promise.all(calls);
    expect(metrics.text()).toContain('failfast_circuit_calls_in_flight{name="api"} 0');
  });

  test("has one series for each state, the same in every process of the fleet", async () => {
    const { each } = fleetOf(2);
    const circuits = each.map((failfast) => failfast("sales_api", 60));
    const metrics = each.map((failfast) => prometheusMetrics(failfast));
    for (const circuit of circuits) await circuit.run(() => 1);
    const states = (): string[][] =>
      metrics.map((one) =>
        lines(one.text(), "failfast_circuit_state{").filter((line) => line.endsWith(" 1")),
      );
    const both = (state: string): string[][] =>
      [1, 2].map(() => [`failfast_circuit_state{name="sales_api",state="${state}"} 1`]);
    expect(states()).toEqual(both("closed"));
    await quietly((circuits[0] as (typeof circuits)[0]).run(fail));
    expect(states()).toEqual(both("open"));
    await circuits[1]?.hold("closed");
    expect(states()).toEqual(both("held_closed"));
    await circuits[1]?.hold("open");
    expect(states()).toEqual(both("held_open"));
    expect(lines(metrics[0]?.text() ?? "", "failfast_circuit_state{")).toHaveLength(5);
  });

  test("counts transitions, local ones apart from those learned from the fleet", async () => {
    const { clock, each } = fleetOf(2);
    const [one, other] = each.map((failfast) => failfast("sales_api", 60));
    const metrics = each.map((failfast) => prometheusMetrics(failfast));
    for (const circuit of [one, other]) await circuit?.run(() => 1);
    await quietly(one?.run(fail) ?? Promise.resolve());
    await clock.advance(60_000);
    await one?.run(() => 1);
    await clock.advance(1_000);
    await other?.hold("open");
    await other?.release();
    const of = (at: number): string[] =>
      lines(metrics[at]?.text() ?? "", "failfast_circuit_transitions_total{");
    const line = (from: string, to: string, local: boolean): string =>
      `failfast_circuit_transitions_total{name="sales_api",from="${from}",to="${to}",local="${local}"} 1`;
    expect(of(0)).toEqual([
      line("closed", "open", true),
      line("open", "half_open", true),
      line("half_open", "closed", true),
      line("closed", "held_open", false),
      line("held_open", "closed", false),
    ]);
    expect(of(1)).toEqual([
      line("closed", "open", true).replace(/1$/, "0"),
      line("closed", "open", false),
      line("open", "half_open", false),
      line("half_open", "closed", false),
      line("closed", "held_open", true),
      line("held_open", "closed", true),
    ]);
  });

  test("has a limit of labels: further circuits are counted together, and are open if one of them is", async () => {
    const { each } = fleetOf(1);
    const failfast = each[0] as Failfast;
    const byHost = failfast((host: string) => host, 60);
    const metrics = prometheusMetrics(failfast, { maxLabels: 2 });
    for (const host of ["a", "b", "c", "d"]) await byHost.for(host).run(() => 1);
    await byHost.for("d").trip();
    const text = metrics.text();
    expect(lines(text, "failfast_circuit_calls_total{").filter((line) => line.includes("success"))).toEqual([
      'failfast_circuit_calls_total{name="a",outcome="success"} 1',
      'failfast_circuit_calls_total{name="b",outcome="success"} 1',
      'failfast_circuit_calls_total{name="other",outcome="success"} 2',
    ]);
    expect(text).toContain('failfast_circuit_state{name="other",state="open"} 1');
    expect(text).toContain('failfast_circuit_state{name="other",state="closed"} 1');
    expect(() => prometheusMetrics(failfast, { maxLabels: 0 })).toThrow(RangeError);
  });

  test("takes a function that groups circuits, and names with any text", async () => {
    const { each } = fleetOf(1);
    const failfast = each[0] as Failfast;
    const metrics = prometheusMetrics(failfast, { label: (name) => name.split(":")[0] ?? "" });
    const byHost = failfast((host: string) => host, 60);
    for (const host of ["api:a", "api:b", 'q"\\\n', "x".repeat(1_000), "__proto__"])
      await byHost.for(host).run(() => 1);
    const counted = lines(metrics.text(), "failfast_circuit_calls_total{").filter((line) =>
      line.includes("success"),
    );
    expect(counted).toEqual([
      'failfast_circuit_calls_total{name="api",outcome="success"} 2',
      'failfast_circuit_calls_total{name="q\\"\\\\\\n",outcome="success"} 1',
      `failfast_circuit_calls_total{name="${"x".repeat(127)}…",outcome="success"} 1`,
      'failfast_circuit_calls_total{name="__proto__",outcome="success"} 1',
    ]);
  });

  test("reports a store in trouble, and stops on disposal", async () => {
    const clock = manualClock();
    const store: Store = { ...memoryStore({ clock }) };
    let down = false;
    const failing = {
      ...store,
      list: (prefix: string) => {
        if (down) throw new Error("the store is down");
        return (store.list as NonNullable<Store["list"]>)(prefix);
      },
    };
    const failfast = createFailfast({ clock, store: failing });
    const metrics = prometheusMetrics(failfast);
    const circuit = failfast("x", 60);
    await circuit.run(() => 1);
    expect(metrics.text()).toContain("failfast_store_degraded 0");
    down = true;
    await clock.advance(120_000);
    expect(metrics.text()).toContain("failfast_store_degraded 1");
    down = false;
    await clock.advance(120_000);
    expect(metrics.text()).toContain("failfast_store_degraded 0");
    metrics.dispose();
    const before = metrics.text();
    await circuit.run(() => 1);
    expect(metrics.text()).toBe(before);
  });

  test("measures a timed store's operations and failures, and the store answers as before", async () => {
    const clock = manualClock();
    const memory = memoryStore({ clock });
    let broken = false;
    const swap = memory.swap as NonNullable<Store["swap"]>;
    const store = timedStore(
      {
        get: memory.get,
        set: memory.set,
        delete: async () => undefined,
        swap: (...args) => {
          if (broken) throw new TypeError("the store is down");
          return swap(...args);
        },
      },
      "memory",
    );
    expect([store.list, store.watch]).toEqual([undefined, undefined]);
    expect(await store.swap?.("k", null, "v", 1_000)).toMatchObject({ ok: true });
    const failfast = createFailfast({ clock });
    const metrics = prometheusMetrics(failfast, { store });
    expect(store.swap?.("k", "v", "w", 1_000)).toMatchObject({ ok: true, value: "w" });
    await store.delete("k");
    broken = true;
    expect(() => store.swap?.("k", null, "v", 1_000)).toThrow("the store is down");
    const counts = (): string[] => lines(metrics.text(), "failfast_store_operation_duration_seconds_count");
    expect(counts()).toEqual([
      'failfast_store_operation_duration_seconds_count{store="memory",operation="swap",error=""} 1',
      'failfast_store_operation_duration_seconds_count{store="memory",operation="delete",error=""} 1',
      'failfast_store_operation_duration_seconds_count{store="memory",operation="swap",error="TypeError"} 1',
    ]);
    metrics.dispose();
    await store.delete("k");
    expect(counts()).toHaveLength(3);
  });

  test("refuses buckets that are not in ascending order", () => {
    for (const buckets of [[], [1, 1], [0, 1], [2, 1], [Number.NaN]])
      expect(() => prometheusMetrics(createFailfast(), { buckets })).toThrow("don't ascend");
  });
});

test("a timed store is still marked as one in which other programs open circuits", () => {
  const store = memoryStore();
  expect(timedStore({ ...store, foreign: true } as Store, "django")).toMatchObject({ foreign: true });
  expect(timedStore(store, "memory")).not.toHaveProperty("foreign");
});
