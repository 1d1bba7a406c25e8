import { beforeEach, describe, expect, test } from "vitest";
import { createFailfast, type Failfast, FailfastError } from "../index.js";
import { manualClock } from "../testing/index.js";
import { failfastErrors, guard } from "./express.js";
import { FakeResponse, turn } from "./response.fixture.js";

describe("guard for Express", () => {
  let failfast: Failfast;
  /** Sends a request through a guard. Returns the response, and whether the route was entered. */
  async function request(route: (response: FakeResponse) => void, options: object = {}) {
    const middleware = guard("invoices", 30, { failfast, threshold: 1, ...options });
    const response = new FakeResponse();
    let entered = false;
    middleware({}, response, () => {
      entered = true;
      route(response);
    });
    await turn();
    return { response, entered };
  }
  const state = (): string => failfast("invoices").state;

  beforeEach(() => {
    failfast = createFailfast({ clock: manualClock() });
  });

  test("answers 503, Retry-After and a problem document while open", async () => {
    await request((response) => response.answer(500));
    const { response, entered } = await request((answering) => answering.answer(200));
    expect(entered).toBe(false);
    expect([response.statusCode, response.getHeader("Retry-After")]).toEqual([503, "30"]);
    expect(response.getHeader("Content-Type")).toBe("application/problem+json");
    expect(JSON.parse(response.body)).toMatchObject({ status: 503 });
  });

  test.each([
    ["500", (response: FakeResponse) => response.answer(500), "open"],
    ["404", (response: FakeResponse) => response.answer(404), "closed"],
    [
      "503 with Retry-After",
      (response: FakeResponse) => response.answer(503, { "Retry-After": "1" }),
      "closed",
    ],
    [
      "an answer that the route breaks off",
      (response: FakeResponse) => response.breakOff(new Error()),
      "open",
    ],
    ["a client that disconnects", (response: FakeResponse) => response.breakOff(), "closed"],
  ])("%s leaves the circuit as it should", async (_, route, expected) => {
    await request(route);
    expect(state()).toBe(expected);
  });

  test("lets failed decide which statuses are failures", async () => {
    await request((response) => response.answer(404), { failed: (status: number) => status === 404 });
    expect(state()).toBe("open");
  });

  test("opens after five failures in a row by default", async () => {
    const middleware = guard("invoices", 30, { failfast });
    for (let failure = 1; failure <= 5; failure++) {
      expect(state()).toBe("closed");
      const response = new FakeResponse();
      middleware({}, response, () => response.answer(500));
      await turn();
    }
    expect(state()).toBe("open");
  });

  test("lets rejected answer; what it throws goes to next", async () => {
    await failfast("invoices", 30).hold("open");
    const middleware = guard("invoices", 30, {
      failfast,
      rejected: () => {
        throw new Error("the page is missing");
      },
    });
    const error = await new Promise((next) => middleware({}, new FakeResponse(), next));
    expect(error).toMatchObject({ message: "the page is missing" });
  });

  test("refuses callTimeout, which Express can't keep, and wrong names", () => {
    expect(() => guard("x", 30, { callTimeout: 1 } as never)).toThrow(/leave callTimeout out/);
    expect(() => guard(7 as never, 30)).toThrow(/name is 7/);
    expect(() => guard("x", 30, { failfast, failed: 500 as never })).toThrow(/failed is 500/);
  });
});

describe("failfastErrors", () => {
  const rejection = new FailfastError({ circuit: "sales_api", state: "open", retryAfterMs: 5_000 });

  test("answers a rejection from inside a handler, also behind a cause", () => {
    for (const error of [rejection, new Error("wrapped", { cause: rejection })]) {
      const response = new FakeResponse();
      failfastErrors()(error, {}, response, () => expect.unreachable());
      expect([response.statusCode, response.getHeader("Retry-After")]).toEqual([503, "5"]);
    }
  });

  test("passes on every other error, and one whose answer has begun", () => {
    const seen: unknown[] = [];
    const other = new Error("other");
    failfastErrors()(other, {}, new FakeResponse(), (error) => seen.push(error));
    const begun = new FakeResponse();
    begun.headersSent = true;
    failfastErrors()(rejection, {}, begun, (error) => seen.push(error));
    expect(seen).toEqual([other, rejection]);
  });

  test("another circuit's rejection is no failure of the guarded route", async () => {
    const failfast = createFailfast({ clock: manualClock() });
    const response = new FakeResponse();
    guard("invoices", 30, { failfast, threshold: 1 })({}, response, () => {
      failfastErrors()(rejection, {}, response, () => undefined);
    });
    await turn();
    expect(failfast("invoices").state).toBe("closed");
  });
});
