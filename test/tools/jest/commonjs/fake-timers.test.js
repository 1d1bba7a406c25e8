const { createFailfast } = require("failfast");

const down = async () => {
  throw new Error("down");
};
const works = async () => "works";

const frameworks = {
  modern: { doNotFake: ["nextTick"] },
  "without performance": { doNotFake: ["nextTick", "performance"] },
  "Date alone": {
    doNotFake: [
      "nextTick",
      "performance",
      "setTimeout",
      "clearTimeout",
      "setInterval",
      "clearInterval",
      "setImmediate",
      "clearImmediate",
      "queueMicrotask",
      "hrtime",
    ],
  },
};
for (const [name, options] of Object.entries(frameworks)) {
  test(`fake timers move a circuit: ${name}`, async () => {
    const salesApi = createFailfast()("sales_api", 60);
    jest.useFakeTimers(options);
    await expect(salesApi.run(down)).rejects.toThrow("down");
    await expect(salesApi.run(works)).rejects.toThrow("circuit");
    jest.setSystemTime(Date.now() + 30_000);
    await expect(salesApi.run(works)).rejects.toThrow("circuit");
    jest.setSystemTime(Date.now() + 31_000);
    expect(salesApi.retryAfter).toBe(0);
    await expect(salesApi.run(works)).resolves.toBe("works");
    expect(salesApi.state).toBe("closed");
    jest.useRealTimers();
  });
}

test("61 s of fake time pass in no time", async () => {
  const salesApi = createFailfast()("sales_api", 60);
  await expect(salesApi.run(down)).rejects.toThrow("down");
  jest.useFakeTimers();
  jest.advanceTimersByTime(61_000);
  expect(salesApi.retryAfter).toBe(0);
  await expect(salesApi.run(works)).resolves.toBe("works");
  // The same again, with both in fake time.
  await expect(salesApi.run(down)).rejects.toThrow("down");
  jest.advanceTimersByTime(59_999);
  await expect(salesApi.run(works)).rejects.toThrow("circuit");
  jest.advanceTimersByTime(1);
  await expect(salesApi.run(works)).resolves.toBe("works");
  // Back in real time it goes on from there.
  await expect(salesApi.run(down)).rejects.toThrow("down");
  jest.useRealTimers();
  expect(salesApi.retryAfter).toBeGreaterThan(55);
  expect(salesApi.retryAfter).toBeLessThanOrEqual(60);
});

test("a call's deadline follows fake time", async () => {
  jest.useFakeTimers();
  const salesApi = createFailfast()("sales_api", 60, { callTimeout: "2s" });
  const call = expect(salesApi.run(() => new Promise(() => {}))).rejects.toThrow("2000 ms");
  await jest.advanceTimersByTimeAsync(2_001);
  await call;
  expect(salesApi.state).toBe("open");
  jest.useRealTimers();
});
