import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { createFailfast } from "failfast";

const down = async () => {
  throw new Error("down");
};
const works = async () => "works";
afterEach(() => mock.timers.reset());

for (const [name, apis] of [
  ["all of them", undefined],
  ["setTimeout and Date", ["setTimeout", "Date"]],
  ["Date alone", ["Date"]],
]) {
  test(`61 s of fake time pass in no time: ${name}`, async () => {
    const salesApi = createFailfast()("sales_api", 60);
    mock.timers.enable({ apis });
    await assert.rejects(salesApi.run(down), /down/);
    await assert.rejects(salesApi.run(works), /circuit/);
    mock.timers.tick(61_000);
    assert.equal(salesApi.retryAfter, 0);
    assert.equal(await salesApi.run(works), "works");
  });

  test(`61 s of fake time pass in no time for an older opening: ${name}`, async () => {
    const salesApi = createFailfast()("sales_api", 60);
    await assert.rejects(salesApi.run(down), /down/);
    mock.timers.enable({ apis });
    mock.timers.tick(61_000);
    assert.equal(await salesApi.run(works), "works");
    await assert.rejects(salesApi.run(down), /down/);
    mock.timers.reset();
    assert.equal(salesApi.state, "open");
    assert.ok(salesApi.retryAfter > 50 && salesApi.retryAfter <= 60, `${salesApi.retryAfter}`);
  });
}

test("fake time may have a date of its own", async () => {
  const salesApi = createFailfast()("sales_api", 60);
  mock.timers.enable({ now: new Date("2030-01-01") });
  await assert.rejects(salesApi.run(down), /down/);
  mock.timers.tick(59_000);
  await assert.rejects(salesApi.run(works), /circuit/);
  mock.timers.tick(1_000);
  assert.equal(await salesApi.run(works), "works");
});
