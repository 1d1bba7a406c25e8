// Jest as it comes: CommonJS, no configuration.
const { failfast, createFailfast, FailfastError, isFailfastError, memoryStore } = require("failfast");
const { failfastFetch } = require("failfast/fetch");

const down = async () => {
  throw new Error("down");
};

test("a circuit loads, trips and rejects", async () => {
  const salesApi = failfast("sales_api", 60, { store: memoryStore() });
  await expect(salesApi.run(down)).rejects.toThrow("down");
  await expect(salesApi.run(down)).rejects.toThrow(FailfastError);
  await expect(salesApi.run(down)).rejects.toMatchObject({ status: 503, circuit: "sales_api" });
  expect(isFailfastError(await salesApi.run(down).catch((error) => error))).toBe(true);
  expect(typeof failfastFetch).toBe("function");
});

test("a circuit is the same however often the package is loaded", async () => {
  jest.resetModules();
  const again = require("failfast");
  const rejected = await failfast("sales_api")
    .run(down)
    .catch((error) => error);
  expect(rejected).toBeInstanceOf(again.FailfastError);
  expect(again.createFailfast).not.toBe(createFailfast);
  expect(again.failfast).toBe(failfast);
  expect(again.failfast("sales_api").state).toBe("open");
});

test("storeFrom() makes a store from a URL", async () => {
  const { storeFrom } = require("failfast/url");
  const store = await storeFrom("memory:");
  expect(typeof store.get).toBe("function");
});

test("errors of Node, which are of another realm than the test, are of the classes that are listed", async () => {
  const fs = require("node:fs/promises");
  for (const [options, call] of [
    [{ exceptions: [Error] }, () => fs.readFile("/no/such/file")],
    [{ exceptions: TypeError }, () => fetch("http://127.0.0.1:1/")],
  ]) {
    const circuit = createFailfast()("x", 60, options);
    await circuit.run(call).catch(() => undefined);
    expect(circuit.state).toBe("open");
  }
});
