import { beforeEach, describe, expect, test } from "vitest";
import { createFailfast, type Failfast } from "../index.js";
import { type ManualClock, manualClock } from "../testing/index.js";
import { guard, type KoaContext, type KoaGuardOptions } from "./koa.js";
import { FakeResponse, turn } from "./response.fixture.js";

describe("guard for Koa", () => {
  let clock: ManualClock;
  let failfast: Failfast;
  /** A context, and a request that goes through a guard with it. */
  function request(next: (response: FakeResponse) => Promise<unknown>, options: KoaGuardOptions = {}) {
    const res = new FakeResponse();
    const headers: Record<string, string> = {};
    const context: KoaContext = {
      res,
      status: 404,
      body: undefined,
      set: (given) => Object.assign(headers, given),
    };
    const done = guard("invoices", 30, { failfast, threshold: 1, ...options })(context, () => next(res));
    return { context, headers, done };
  }

  beforeEach(() => {
    clock = manualClock();
    failfast = createFailfast({ clock });
  });

  test("answers 503, Retry-After and a problem document while open", async () => {
    await request(async (response) => response.answer(500)).done;
    const { context, headers, done } = request(() => expect.unreachable());
    await done;
    expect([context.status, headers["Retry-After"]]).toEqual([503, "30"]);
  });

  test("passes a route's error to the application, and counts a failure if it answers 500", async () => {
    const error = new Error("down");
    const { context, done } = request(() => Promise.reject(error));
    await expect(done).rejects.toBe(error);
    (context.res as FakeResponse).answer(500);
    await turn();
    expect(failfast("invoices").state).toBe("open");
  });

  test("answers 504 if a route exceeds callTimeout, and counts a failure", async () => {
    const { context, done } = request(() => new Promise(() => undefined), { callTimeout: "1s" });
    await clock.advance(1_000);
    await done;
    expect([context.status, failfast("invoices").state]).toEqual([504, "open"]);
  });

  test("lets rejected answer, or throw", async () => {
    await failfast("invoices", 30).hold("open");
    const { context, done } = request(() => expect.unreachable(), {
      rejected: (_, given) => {
        given.body = "later";
      },
    });
    await done;
    expect(context.body).toBe("later");
    const thrown = request(() => expect.unreachable(), {
      rejected: (error) => {
        throw error;
      },
    });
    await expect(thrown.done).rejects.toMatchObject({ circuit: "invoices" });
  });
});
