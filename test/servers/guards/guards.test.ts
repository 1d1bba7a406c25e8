import { once } from "node:events";
import { get } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import express from "express";
import fastify from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { guard as expressGuard, failfastErrors } from "../../../src/frameworks/express.js";
import { failfastPlugin } from "../../../src/frameworks/fastify.js";
import { guard as koaGuard } from "../../../src/frameworks/koa.js";
import { createFailfast, type Failfast, type FailfastError } from "../../../src/index.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";
import { type App, apps, type Options } from "./apps.js";

let clock: ManualClock;
let failfast: Failfast;
let app: App;

beforeEach(() => {
  clock = manualClock();
  failfast = createFailfast({ clock, threshold: 1 });
});
afterEach(() => app?.close());

const state = (name = "route"): string => failfast(name).state;
const ask = async (): Promise<Response & { said: string }> => {
  const response = await fetch(app.url);
  return Object.assign(response, { said: await response.text().catch(() => "broke off") });
};
/** Resolves with a function that disconnects, once the request has reached the route. */
const leaving = async (): Promise<() => void> => {
  const { requests } = app;
  const request = get(app.url).on("error", () => undefined);
  await expect.poll(() => app.requests).toBe(requests + 1);
  return () => void request.destroy();
};

describe.each(Object.keys(apps))("a guarded route of %s", (framework) => {
  const start = async (options: Omit<Options, "failfast"> = {}): Promise<void> => {
    app = await (apps[framework] as (typeof apps)[string])({ failfast, ...options });
  };

  test("answers as usual while its circuit is closed, also with 404", async () => {
    await start();
    expect(await ask()).toMatchObject({ status: 200, said: "answered" });
    app.does = { status: 404 };
    expect((await ask()).status).toBe(404);
    app.does = {
      throws: Object.assign(new Error("none of these"), { status: 404, statusCode: 404, expose: true }),
    };
    expect((await ask()).status).toBe(404);
    expect(state()).toBe("closed");
  });

  test.each([
    ["an answer of 500", { status: 500 }],
    ["a thrown error", { throws: new Error("broken") }],
  ])(
    "opens at %s: then it answers 503, Retry-After and a problem document, and no request reaches it",
    async (_, does) => {
      await start();
      app.does = does;
      expect((await ask()).status).toBe(500);
      const response = await ask();
      expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "30"]);
      expect(response.headers.get("Content-Type")).toMatch(/^application\/problem\+json/);
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      expect(JSON.parse(response.said)).toMatchObject({ status: 503, circuit: "route", retryAfter: 30 });
      expect(app.requests).toBe(1);
    },
  );

  test("gets one request as the probe after the open time, and closes", async () => {
    await start();
    app.does = { status: 500 };
    await ask();
    await clock.advance(30_000);
    app.does = {};
    expect((await ask()).status).toBe(200);
    expect(state()).toBe("closed");
  });

  test("counts a request whose client left as neither, and releases its probe's lease", async () => {
    await start();
    app.does = { status: 500 };
    await ask();
    await clock.advance(30_000);
    let answer = (): void => undefined;
    app.does = { until: new Promise<void>((resolve) => (answer = resolve)), status: 500 };
    const leave = await leaving();
    expect(state()).toBe("half-open");
    expect((await ask()).status).toBe(503);
    leave();
    app.does = {};
    await expect.poll(async () => (await ask()).status).toBe(200);
    expect(state()).toBe("closed");
    answer();
    // Its late answer no longer counts.
    for (let n = 0; n < 3; n++) expect((await ask()).status).toBe(200);
    expect(state()).toBe("closed");
  });

  test("does not count another circuit's rejection, or a 503 with Retry-After, as its failure", async () => {
    await start();
    const inner = failfast("sales_api", 60);
    await inner.trip();
    app.does = { throws: await inner.run(() => 1).catch((error: unknown) => error) };
    expect((await ask()).status).toBe(503);
    app.does = { status: 503, headers: { "Retry-After": "7" } };
    expect((await ask()).status).toBe(503);
    expect([state(), app.requests]).toEqual(["closed", 2]);
    app.does = { status: 503 };
    await ask();
    expect(state()).toBe("open");
  });

  test("opens at slow answers", async () => {
    await start({ slowCall: "2s", minimumCalls: 1 });
    let answer = (): void => undefined;
    app.does = { until: new Promise<void>((resolve) => (answer = resolve)) };
    const asked = ask();
    await expect.poll(() => app.requests).toBe(1);
    await clock.advance(2_500);
    answer();
    expect((await asked).status).toBe(200);
    await expect.poll(() => state()).toBe("open");
  });

  test("opens while its requests hang, before any has been answered", async () => {
    await start({ slowCall: "200ms", slowCallRate: 0.5, minimumCalls: 3 });
    let answer = (): void => undefined;
    app.does = { until: new Promise<void>((resolve) => (answer = resolve)) };
    const asked = [ask(), ask(), ask()];
    await expect.poll(() => app.requests).toBe(3);
    expect(failfast("route").snapshot().inFlight).toBe(3);
    await clock.advance(200);
    expect(state()).toBe("open");
    expect((await ask()).status).toBe(503);
    answer();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(state()).toBe("open");
  });

  test("takes a function that decides which statuses are failures, and one that answers a rejection", async () => {
    await start({ failed: (status) => status === 418, rejected: "thrown" });
    app.does = { status: 500 };
    await ask();
    expect(state()).toBe("closed");
    app.does = { status: 418 };
    await ask();
    expect(await ask()).toMatchObject({ status: 503, said: "handled by the app" });
  });
});

describe.each(Object.keys(apps).filter((framework) => framework !== "Express 5"))(
  "a route of %s",
  (framework) => {
    test("is answered with 504 at callTimeout", async () => {
      app = await (apps[framework] as (typeof apps)[string])({ failfast, callTimeout: "2s" });
      let answer = (): void => undefined;
      app.does = { until: new Promise<void>((resolve) => (answer = resolve)) };
      const asked = ask();
      await expect.poll(() => app.requests).toBe(1);
      await clock.advance(2_100);
      const response = await asked;
      expect([response.status, JSON.parse(response.said).detail]).toEqual([
        504,
        "the call took longer than 2000 ms",
      ]);
      answer();
      expect(state()).toBe("open");
      expect((await ask()).headers.get("Retry-After")).toBe("30");
    });
  },
);

test.each(["Express 5", "Fastify 5", "Koa 3"])(
  "%s: an answer that the route breaks off is a failure",
  async (framework) => {
    app = await (apps[framework] as (typeof apps)[string])({ failfast });
    let pushed = false;
    const stream = new Readable({
      read() {
        if (!pushed) this.push("some");
        else this.destroy(new Error("no more"));
        pushed = true;
      },
    });
    app.does = { stream };
    await ask().catch(() => undefined);
    await expect.poll(() => state()).toBe("open");
  },
);

describe("failfastPlugin for Fastify", () => {
  test("guards each route by its pattern, and leaves out routes that say so", async () => {
    const server = fastify();
    await server.register(failfastPlugin, { failfast, timeout: "30s" });
    const broken = async (): Promise<never> => {
      throw new Error("broken");
    };
    server.get("/invoices/:id", broken);
    server.get("/health", { config: { failfast: false } as object }, broken);
    server.get("/named", { config: { failfast: "sales" } as object }, broken);
    await server.register(async (inner) => void inner.get("/inner", broken));
    const status = async (url: string): Promise<number> => (await server.inject(url)).statusCode;
    expect([await status("/invoices/1"), await status("/invoices/2")]).toEqual([500, 503]);
    expect([await status("/health"), await status("/health")]).toEqual([500, 500]);
    expect([await status("/named"), await status("/named")]).toEqual([500, 503]);
    expect([await status("/inner"), await status("/inner")]).toEqual([500, 503]);
    for (let n = 0; n < 5; n++) expect(await status(`/nowhere/${n}`)).toBe(404);
    expect([...failfast.circuits()].map(({ name }) => name)).toEqual([
      "GET /invoices/:id",
      "sales",
      "GET /inner",
    ]);
    const rejection = await [...failfast.circuits()][1]?.run(() => 1).catch((error: unknown) => error);
    expect((rejection as FailfastError).cause).toMatchObject({ message: "broken" });
    await server.close();
  });
});

test("failfastErrors answers a rejection in a handler of Express without a guard, and passes other errors on", async () => {
  const inner = failfast("sales_api", 60);
  await inner.trip();
  const server = express();
  server.get("/open", () => inner.run(() => 1));
  server.get("/broken", () => Promise.reject(Object.assign(new Error("broken"), { status: 502 })));
  server.use(failfastErrors());
  server.use((error: { status: number }, _: unknown, response: express.Response, __: unknown) => {
    response.status(error.status).send("handled by the app");
  });
  const listener = server.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const response = await fetch(`${url}/open`);
  expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "60"]);
  expect(await response.json()).toMatchObject({ circuit: "sales_api" });
  expect(await (await fetch(`${url}/broken`)).text()).toBe("handled by the app");
  listener.close();
});

test("a wrong name, time or option is refused when the guard is created", () => {
  expect(() => expressGuard(1 as never, 30)).toThrow("the circuit's name is 1");
  expect(() => expressGuard("a", 30, { callTimeout: "1s" } as never)).toThrow("leave callTimeout out");
  expect(() => koaGuard("a", -1)).toThrow(RangeError);
  expect(() => koaGuard("a", 30, { failed: 1 as never })).toThrow("failed is 1");
});
