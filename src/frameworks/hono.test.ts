import { beforeEach, describe, expect, test } from "vitest";
import { createFailfast, type Failfast } from "../index.js";
import { type ManualClock, manualClock } from "../testing/index.js";
import { guard, type HonoContext, type HonoGuardOptions } from "./hono.js";

describe("guard for Hono", () => {
  let clock: ManualClock;
  let failfast: Failfast;
  /** A request whose handler leaves this response in its context. */
  function request(answer: Response | Promise<never>, options: HonoGuardOptions = {}, signal?: AbortSignal) {
    let res = new Response(null, { status: 404 });
    const context: HonoContext = {
      req: { raw: signal ? { signal } : {} },
      get res() {
        return res;
      },
    };
    return guard("invoices", 30, { failfast, threshold: 1, ...options })(context, async () => {
      res = await answer;
    }) as Promise<Response | undefined>;
  }
  const state = (): string => failfast("invoices").state;

  beforeEach(() => {
    clock = manualClock();
    failfast = createFailfast({ clock });
  });

  test("answers 503, Retry-After and a problem document while open", async () => {
    expect(await request(new Response(null, { status: 500 }))).toBeUndefined();
    const response = await request(new Response());
    expect([response?.status, response?.headers.get("Retry-After")]).toEqual([503, "30"]);
    expect(response?.headers.get("Content-Type")).toBe("application/problem+json");
  });

  test.each([
    ["500", new Response(null, { status: 500 }), "open"],
    ["404", new Response(null, { status: 404 }), "closed"],
    ["503 with Retry-After", new Response(null, { status: 503, headers: { "Retry-After": "1" } }), "closed"],
  ])("%s leaves the circuit as it should", async (_, answer, expected) => {
    await request(answer);
    expect(state()).toBe(expected);
  });

  test("passes a handler's error to the application, and counts a failure", async () => {
    const error = new Error("down");
    await expect(request(Promise.reject(error))).rejects.toBe(error);
    expect(state()).toBe("open");
  });

  test("counts nothing if the client disconnects", async () => {
    const controller = new AbortController();
    const call = request(
      new Promise<never>((_, reject) => {
        controller.signal.addEventListener("abort", () => setTimeout(() => reject(new Error("gone"))));
      }),
      {},
      controller.signal,
    );
    controller.abort();
    await expect(call).rejects.toThrow("gone");
    expect(state()).toBe("closed");
  });

  test("answers 504 if a handler exceeds callTimeout, and counts a failure", async () => {
    const call = request(new Promise<never>(() => undefined), { callTimeout: "1s" });
    await clock.advance(1_000);
    expect((await call)?.status).toBe(504);
    expect(state()).toBe("open");
  });
});
