import "reflect-metadata";
import { once } from "node:events";
import { request } from "node:http";
import {
  Controller,
  type ExecutionContext,
  Get,
  NotFoundException,
  Param,
  Sse,
  UseInterceptors,
} from "@nestjs/common";
import { firstValueFrom, NEVER, Observable, of, type Subscriber, throwError } from "rxjs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FAILFAST, Failfast, FailfastInterceptor, FailfastModule } from "../../../src/frameworks/nest.js";
import { createFailfast, memoryStore, type Store } from "../../../src/index.js";
import { manualClock } from "../../../src/testing/index.js";
import { type Serving, serve } from "./http.js";

let handle: () => unknown;
let handled: number;

@Controller()
class Reports {
  @Get("report")
  @UseInterceptors(FailfastInterceptor("report", 60, { threshold: 1 }))
  report(): unknown {
    handled++;
    return handle();
  }
  @Get("late")
  @UseInterceptors(FailfastInterceptor("late", 60, { callTimeout: "50ms", threshold: 1 }))
  late(): Observable<never> {
    return NEVER;
  }
  @Get("judged")
  @UseInterceptors(
    FailfastInterceptor("judged", 60, { results: (value: string) => value === "bad", threshold: 1 }),
  )
  judged(): string {
    return "bad";
  }
  @Get("stale")
  @UseInterceptors(FailfastInterceptor("stale", 60, { fallback: () => "an older one", threshold: 1 }))
  stale(): never {
    throw new Error("no");
  }
  @Get("above/:id")
  @Failfast("above", 60)
  above(@Param("id") id: string): string {
    return `above ${id}`;
  }
  @Failfast("below", 60)
  @Get("below/:id")
  below(@Param("id") id: string): string {
    return `below ${id}`;
  }
  @Get("tenants/:tenant")
  @UseInterceptors(
    FailfastInterceptor(
      (context: ExecutionContext) => `tenant:${context.switchToHttp().getRequest().params.tenant}`,
      60,
      { threshold: 1 },
    ),
  )
  tenant(@Param("tenant") tenant: string): string {
    if (tenant === "bad") throw new Error("no");
    return tenant;
  }
  @Sse("events")
  @UseInterceptors(FailfastInterceptor("events", 60, { slowCall: "1s", minimumCalls: 100, threshold: 1 }))
  events(): Observable<{ data: string }> {
    handled++;
    return handle() as Observable<{ data: string }>;
  }
}

let serving: Serving;
beforeEach(async () => {
  handled = 0;
  handle = () => "ok";
  serving = await serve("Express", {
    imports: [FailfastModule.forRoot({ log: false })],
    controllers: [Reports],
  });
});
afterEach(() => serving.application.close());
const get = async (path: string): Promise<number> => {
  const response = await fetch(`${serving.url}/${path}`);
  await response.text();
  return response.status;
};
const stateOf = (name: string): string => serving.application.get<Failfast>(FAILFAST)(name).state;

describe("FailfastInterceptor", () => {
  test("answers the next requests at once after one has failed", async () => {
    expect(await get("report")).toBe(200);
    handle = () => {
      throw new Error("no");
    };
    expect([await get("report"), await get("report")]).toEqual([500, 503]);
    expect(handled).toBe(2);
  });

  test("counts an Observable that fails, and not one that emits a value", async () => {
    handle = () => of("ok");
    expect(await get("report")).toBe(200);
    handle = () => throwError(() => new Error("no"));
    expect([await get("report"), await get("report")]).toEqual([500, 503]);
  });

  test("does not count a caller's mistake", async () => {
    handle = () => {
      throw new NotFoundException();
    };
    expect([await get("report"), await get("report")]).toEqual([404, 404]);
  });

  test("ends a handler without an answer at callTimeout", async () => {
    // A time-out that this process caused itself does not count.
    await expect.poll(() => get("late"), { timeout: 20_000 }).toBe(503);
  });

  test("lets results judge the handler's value", async () => {
    expect([await get("judged"), await get("judged")]).toEqual([200, 503]);
  });

  test("answers by a fallback instead of the handler", async () => {
    expect(await get("stale")).toBe(500);
    const response = await fetch(`${serving.url}/stale`);
    expect([response.status, await response.text()]).toEqual([200, "an older one"]);
  });

  test("guards a handler by @Failfast, above and below its route", async () => {
    for (const path of ["above/1", "below/2"])
      expect(await (await fetch(`${serving.url}/${path}`)).text()).toBe(path.replace("/", " "));
  });

  test("takes a function of the context that names a circuit for each tenant", async () => {
    expect([await get("tenants/bad"), await get("tenants/bad"), await get("tenants/good")]).toEqual([
      500, 503, 200,
    ]);
  });

  test("leaves nothing running if a subscriber leaves after the first value while a probe waits for its lease", async () => {
    const clock = manualClock();
    const memory = memoryStore({ clock });
    const { swap } = memory;
    const store: Store = {
      ...memory,
      swap: (...args) =>
        new Promise((resolve) => {
          clock.after(5, () => resolve((swap as NonNullable<typeof swap>)(...args)));
        }),
    };
    const failfast = createFailfast({ clock, store });
    const Guarded = FailfastInterceptor("taken", 1);
    const interceptor = new Guarded(failfast);
    await Promise.all([failfast.ready(), clock.advance(100)]);
    await Promise.all([failfast("taken").trip(), clock.advance(1_100)]);
    let stopped = false;
    const handle = (): Observable<number> =>
      new Observable((subscriber) => {
        subscriber.next(1);
        return () => {
          stopped = true;
        };
      });
    const values = await interceptor.intercept({} as ExecutionContext, { handle });
    const first = firstValueFrom(values);
    await clock.advance(20);
    expect(await first).toBe(1);
    expect(stopped).toBe(true);
    expect(failfast("taken").state).toBe("half-open");
  });

  test("passes events on as they come, and counts a client that leaves as neither", async () => {
    let stopped = false;
    handle = () =>
      new Observable((subscriber) => {
        subscriber.next({ data: "first" });
        return () => {
          stopped = true;
        };
      });
    const first = await new Promise<string>((resolve, reject) => {
      const asking = request(`${serving.url}/events`, (response) =>
        response.on("data", (chunk) => {
          if (!String(chunk).includes("first")) return;
          resolve(String(chunk));
          asking.destroy();
        }),
      );
      asking.on("error", reject).end();
    });
    expect(first).toContain("data: first");
    await expect.poll(() => stopped, { timeout: 20_000 }).toBe(true);
    expect(stateOf("events")).toBe("closed");
  });

  test("counts a stream of events at its first one, and goes on", async () => {
    const failfast = serving.application.get<Failfast>(FAILFAST);
    let source: Subscriber<{ data: string }> | undefined;
    handle = () =>
      new Observable((subscriber: Subscriber<{ data: string }>) => {
        source = subscriber;
      });
    let heard = "";
    const asking = request(`${serving.url}/events`, (response) =>
      response.on("data", (chunk) => (heard += chunk)),
    );
    const ended = once(asking.end(), "close");
    await expect.poll(() => source).toBeDefined();
    source?.next({ data: "first" });
    await expect.poll(() => heard).toContain("data: first");
    expect(failfast("events").snapshot().inFlight).toBe(0);
    source?.next({ data: "second" });
    source?.error(new Error("after it has begun"));
    await ended;
    expect(heard).toContain("data: second");
    expect(stateOf("events")).toBe("closed");
  });
});
