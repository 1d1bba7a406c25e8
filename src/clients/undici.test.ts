import { beforeEach, describe, expect, test } from "vitest";
import { createFailfast, type Failfast, isFailfastError } from "../index.js";
import { manualClock } from "../testing/index.js";
import { failfastInterceptor, type UndiciOptions } from "./undici.js";

interface Controller {
  aborted: boolean;
  abort(reason: unknown): void;
}
interface Handler {
  onRequestStart(controller: Controller, context: unknown): void;
  onResponseStart(controller: Controller, status: number, headers: object, message?: string): void;
  onResponseEnd(controller: Controller, trailers: object): void;
  onResponseError(controller: Controller, error: unknown): void;
}

/** A dispatcher's handling of a request, from its start on. */
type Server = (handler: Handler, controller: Controller) => void;

const answers =
  (status: number, headers: object = {}): Server =>
  (handler, controller) => {
    handler.onResponseStart(controller, status, headers);
    handler.onResponseEnd(controller, {});
  };
const fails =
  (error: unknown, aborted = false): Server =>
  (handler, controller) => {
    controller.aborted = aborted;
    handler.onResponseError(controller, error);
  };

describe("failfastInterceptor for undici", () => {
  let failfast: Failfast;
  let server: Server;
  let dispatched: number;
  const dispatch = (_: object, handler: Handler): boolean => {
    dispatched++;
    const controller = { aborted: false, abort: () => undefined };
    handler.onRequestStart(controller, {});
    server(handler, controller);
    return true;
  };
  /** Sends a request, and returns its status or its error. */
  function send(options: UndiciOptions = {}, asked: object = {}): Promise<unknown> {
    const compose = failfastInterceptor({ failfast, threshold: 1, ...options });
    return new Promise((resolve) => {
      let status = 0;
      compose(dispatch)(
        { origin: "https://a.test", path: "/x", method: "GET", ...asked },
        {
          onRequestStart: () => undefined,
          onResponseStart: (_: Controller, code: number) => {
            status = code;
          },
          onResponseEnd: () => resolve(status),
          onResponseError: (_: Controller, error: unknown) => resolve(error),
        },
      );
    });
  }

  beforeEach(() => {
    failfast = createFailfast({ clock: manualClock() });
    server = answers(200);
    dispatched = 0;
  });

  test("passes every answer on, and keeps a circuit for each origin", async () => {
    server = answers(500);
    expect(await send()).toBe(500);
    expect(isFailfastError(await send())).toBe(true);
    expect(dispatched).toBe(1);
    server = answers(200);
    expect(await send({}, { origin: "https://b.test" })).toBe(200);
  });

  test.each([
    ["500", answers(500), "open"],
    ["429 with Retry-After", answers(429, { "retry-after": "7" }), "open"],
    ["404", answers(404), "closed"],
    ["a broken connection", fails(new Error("other side closed")), "open"],
    ["an abort of the caller", fails(new DOMException("left", "AbortError"), true), "closed"],
    ["a time-out by the caller's signal", fails(new DOMException("late", "TimeoutError"), true), "open"],
    ["a dispatcher that was closed", fails(Object.assign(new Error(), { code: "UND_ERR_CLOSED" })), "closed"],
  ])("%s leaves the circuit as it should", async (_, behaviour, state) => {
    server = behaviour;
    await send();
    expect(failfast("https://a.test").state).toBe(state);
  });

  test("needs a name if the dispatcher has no origin", async () => {
    const intercept = failfastInterceptor({ failfast })(dispatch);
    const asked = { origin: undefined, path: "/", method: "GET" };
    expect(() => intercept(asked, {} as Handler)).toThrow(/give a name/);
    server = answers(500);
    await send({ name: "api" }, { origin: undefined });
    expect(failfast("api").state).toBe("open");
  });
});
