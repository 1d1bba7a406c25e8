// Calls that hang count as slow while they are under way, as soon as they have taken as long as a slow call.
import { createFailfast } from "failfast";
import { manualClock } from "failfast/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { alone, OPTIONS, quiet, WAYS } from "./hanging.js";

describe.each(Object.entries(WAYS))("%s", (_, begin) => {
  test("trips while its calls hang, at the moment at which they become slow", async () => {
    const its = alone(OPTIONS);
    const calls = quiet(Array.from({ length: 4 }, () => begin(its)));
    await its.clock.advance(199);
    expect(its.circuit.state).toBe("closed");
    await its.clock.advance(1);
    expect(its.circuit.state).toBe("open");
    expect(its.circuit.snapshot().reason).toBe("slow calls");
    for (const call of calls) call.succeed();
    await Promise.allSettled(calls.map(({ done }) => done));
    expect(its.circuit.state).toBe("open");
  });

  test("counts a call once, however it ends", async () => {
    const its = alone({ ...OPTIONS, failureRate: 1 });
    const calls = quiet([begin(its), begin(its), begin(its)]);
    await its.clock.advance(1_000);
    calls[0]?.succeed();
    calls[1]?.fail();
    calls[2]?.fail();
    await Promise.allSettled(calls.map(({ done }) => done));
    // Three calls; the circuit needs a fourth.
    expect(its.circuit.state).toBe("closed");
    quiet([begin(its)]);
    await its.clock.advance(200);
    expect(its.circuit.state).toBe("open");
  });

  test("reports how many calls are in flight, and how old the oldest is", async () => {
    const its = alone(OPTIONS);
    const [first] = quiet([begin(its)]);
    await its.clock.advance(120);
    const [second] = quiet([begin(its)]);
    await its.clock.advance(30);
    expect(its.circuit.snapshot()).toMatchObject({ inFlight: 2, oldestCallMs: 150 });
    first?.succeed();
    await first?.done;
    expect(its.circuit.snapshot()).toMatchObject({ inFlight: 1, oldestCallMs: 30 });
    second?.fail();
    await second?.done.catch(() => undefined);
    expect(its.circuit.snapshot()).toMatchObject({ inFlight: 0, oldestCallMs: 0 });
  });

  test("does not count a call as slow if the event loop was blocked", async () => {
    const its = alone(OPTIONS);
    const calls = quiet(Array.from({ length: 4 }, () => begin(its)));
    await its.clock.advance(100);
    its.clock.stall(5_000);
    await its.clock.advance(99);
    expect(its.circuit.state).toBe("closed");
    for (const call of calls) call.succeed();
    await Promise.allSettled(calls.map(({ done }) => done));
    expect(its.circuit.state).toBe("closed");
    // Time in which this process was not blocked counts.
    quiet(Array.from({ length: 4 }, () => begin(its)));
    its.clock.stall(5_000);
    await its.clock.advance(205);
    expect(its.circuit.state).toBe("open");
  });

  test("does not count calls that began before it last closed", async () => {
    const its = alone(OPTIONS);
    quiet(Array.from({ length: 4 }, () => begin(its)));
    await its.clock.advance(100);
    await its.circuit.trip();
    await its.circuit.reset();
    await its.clock.advance(10_000);
    expect(its.circuit.state).toBe("closed");
  });
});

test("below 200 ms the exact clock decides about calls under way too", async () => {
  const its = alone({ ...OPTIONS, slowCall: "30ms" });
  for (let n = 0; n < 4; n++) {
    quiet([WAYS["a wrapped function"](its)]);
    await its.clock.advance(2);
  }
  await its.clock.advance(27);
  expect(its.circuit.state).toBe("closed");
  await its.clock.advance(1);
  expect(its.circuit.state).toBe("open");
});

test("a call that was counted as slow and fails later is a failure, and not counted as another call", async () => {
  const its = alone({
    slowCall: "200ms",
    slowCallRate: 1,
    failureRate: 0.5,
    minimumCalls: 4,
    threshold: 2,
    window: "60s",
  });
  for (let n = 0; n < 2; n++) await its.hanging(async () => "answer");
  const calls = quiet([WAYS[".run"](its), WAYS[".run"](its)]);
  await its.clock.advance(300);
  calls[0]?.fail();
  await calls[0]?.done.catch(() => undefined);
  expect(its.circuit.state).toBe("closed");
  calls[1]?.fail();
  await calls[1]?.done.catch(() => undefined);
  expect(its.circuit.state).toBe("open");
  expect(its.circuit.snapshot().reason).toBe("failure rate");
});

test("a call that was counted as slow ends a row of failures if it succeeds, and continues it if it fails", async () => {
  const its = alone({ slowCall: "200ms", minimumCalls: 100, consecutive: 2 });
  const fail = () => its.hanging(async () => Promise.reject(new Error("down"))).catch(() => undefined);
  const slow = async (how: "succeed" | "fail") => {
    const [call] = quiet([WAYS["a wrapped function"](its)]);
    await its.clock.advance(300);
    call?.[how]();
    await call?.done.catch(() => undefined);
  };
  await fail();
  await slow("succeed");
  await fail();
  expect(its.circuit.state).toBe("closed");
  await slow("fail");
  expect(its.circuit.state).toBe("open");
});

test("a caller that aborts a slow call changes no count", async () => {
  const its = alone({ ...OPTIONS, minimumCalls: 2 });
  const controller = new AbortController();
  const call = its.circuit.run(
    () =>
      new Promise((_, reject) => {
        controller.signal.addEventListener("abort", () => reject(controller.signal.reason));
      }),
    { signal: controller.signal },
  );
  call.catch(() => undefined);
  await its.clock.advance(250);
  controller.abort();
  await call.catch(() => undefined);
  expect(its.circuit.snapshot()).toMatchObject({ state: "closed", inFlight: 0 });
  quiet([WAYS[".run"](its)]);
  await its.clock.advance(200);
  expect(its.circuit.state).toBe("open");
});

test("a probe that becomes slow opens the circuit again at once", async () => {
  const its = alone(OPTIONS);
  await its.circuit.trip();
  await its.clock.advance(30_000);
  const [probe] = quiet([WAYS[".run"](its)]);
  await its.clock.advance(100);
  expect(its.circuit.state).toBe("half-open");
  await its.clock.advance(100);
  expect(its.circuit.state).toBe("open");
  probe?.succeed();
  await probe?.done;
  expect(its.circuit.state).toBe("open");
  expect(its.circuit.retryAfter).toBe(30);
  await its.clock.advance(30_000);
  await its.circuit.run(async () => "answer");
  expect(its.circuit.state).toBe("closed");
});

test("with callTimeout the circuit trips before the time-outs", async () => {
  const its = alone({ ...OPTIONS, callTimeout: "1s" });
  quiet(Array.from({ length: 4 }, () => WAYS[".run"](its)));
  await its.clock.advance(200);
  expect(its.circuit.state).toBe("open");
  await its.clock.advance(1_000);
  expect(its.circuit.snapshot().inFlight).toBe(0);
});

test("slowCall set by update() applies to later calls", async () => {
  const its = alone({ threshold: 100 });
  await its.hanging(async () => "answer");
  its.circuit.update({ slowCall: "200ms", minimumCalls: 4, slowCallRate: 1 });
  for (let n = 0; n < 4; n++) quiet([WAYS["a wrapped function"](its)]);
  await its.clock.advance(200);
  expect(its.circuit.state).toBe("open");
});

test("a change of settings starts the counts again, those of calls under way too", async () => {
  const its = alone({ slowCall: "200ms", slowCallRate: 1, failureRate: 0.5, minimumCalls: 10 });
  const calls = quiet(Array.from({ length: 5 }, () => WAYS[".run"](its)));
  await its.clock.advance(250);
  its.circuit.update({ minimumCalls: 9 });
  for (const call of calls) call.fail();
  await its.clock.advance(0);
  for (let n = 0; n < 3; n++) await its.hanging(async () => "answer");
  expect(its.circuit.state).toBe("closed");
  await its.hanging(async () => "answer");
  expect(its.circuit.state).toBe("open");
});

test("inFlight is undefined if calls are not timed", async () => {
  const its = alone({});
  expect(its.circuit.snapshot()).toMatchObject({ inFlight: undefined, oldestCallMs: undefined });
  const subscription = its.failfast.on("success", () => undefined);
  quiet([WAYS[".run"](its)]);
  await its.clock.advance(50);
  expect(its.circuit.snapshot()).toMatchObject({ inFlight: 1, oldestCallMs: 50 });
  subscription.dispose();
});

test("a thousand circuits with slow calls under way have one timer between them, and none afterwards", async () => {
  const clock = manualClock();
  const failfast = createFailfast({ clock });
  const byName = failfast((name: string) => name, 30, { slowCall: "200ms" });
  const ends: (() => void)[] = [];
  const guarded = byName(async (_name: string) => new Promise<void>((done) => void ends.push(done)));
  const before = clock.pending;
  const calls = Array.from({ length: 1_000 }, (_, n) => guarded(`circuit ${n}`));
  expect(clock.pending - before).toBeLessThanOrEqual(2);
  for (const end of ends) end();
  await Promise.all(calls);
  await clock.advance(500);
  expect(clock.pending).toBeLessThanOrEqual(before + 1);
});

describe("with a test framework's timers", () => {
  afterEach(() => vi.useRealTimers());

  // One after the other, as in a file of tests: what the first leaves behind must not disturb the second.
  test.each(["first", "second", "third"])("a circuit trips while calls hang, in the %s test", async () => {
    vi.useFakeTimers();
    const circuit = createFailfast()("backend", 30, OPTIONS);
    const guarded = circuit(async () => new Promise(() => undefined));
    for (let n = 0; n < 4; n++) void guarded();
    await vi.advanceTimersByTimeAsync(199);
    expect(circuit.state).toBe("closed");
    await vi.advanceTimersByTimeAsync(20);
    expect(circuit.state).toBe("open");
  });
});
