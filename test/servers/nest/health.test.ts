import "reflect-metadata";
import { Controller, Get, Inject } from "@nestjs/common";
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from "@nestjs/terminus";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  FAILFAST,
  type Failfast,
  FailfastHealthIndicator,
  FailfastModule,
  type HealthOptions,
} from "../../../src/frameworks/nest.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";
import { type Serving, serve } from "./http.js";

let options: HealthOptions;

@Controller("health")
class Health {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(FailfastHealthIndicator) private readonly circuits: FailfastHealthIndicator,
  ) {}
  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.circuits.check("circuits", options)]);
  }
}

let serving: Serving;
let failfast: Failfast;
let clock: ManualClock;
/** Whether the database answers the circuit's check. */
let well: boolean;
beforeEach(async () => {
  options = {};
  clock = manualClock();
  well = false;
  serving = await serve("Fastify", {
    imports: [
      FailfastModule.forRoot({ log: false, clock }),
      FailfastModule.forFeature([
        { name: "sales_api", timeout: 60 },
        { name: "database", timeout: 60 },
        { name: "cache", timeout: 60, recovery: () => well },
      ]),
      TerminusModule.forRoot({ logger: false }),
    ],
    controllers: [Health],
  });
  failfast = serving.application.get(FAILFAST);
});
afterEach(() => serving.application.close());

async function health(): Promise<[number, string, unknown]> {
  const response = await fetch(`${serving.url}/health`);
  const { status, details } = (await response.json()) as HealthCheckResult;
  return [response.status, status, details["circuits"]];
}

describe("FailfastHealthIndicator", () => {
  test("is up if all circuits are closed", async () => {
    expect(await health()).toEqual([200, "ok", { status: "up" }]);
  });

  test("is degraded, with 200, for an open circuit, and says which and until when", async () => {
    await failfast("sales_api").trip();
    expect(await health()).toEqual([
      200,
      "degraded",
      { status: "degraded", circuits: { sales_api: { state: "open", retryAfter: 60 } } },
    ]);
  });

  test("is down, with 503, only for the circuits that are named for it", async () => {
    options = { down: ["database"] };
    await failfast("sales_api").trip();
    expect((await health())[0]).toBe(200);
    await failfast("database").trip();
    expect(await health()).toMatchObject([503, "error", { status: "down" }]);
    await failfast("database").reset();
    options = { down: true };
    expect((await health())[0]).toBe(503);
  });

  test("lets an instance that it took out of rotation return by the circuit's own check, without a call", async () => {
    options = { down: ["cache"] };
    const call = failfast("cache").run(() => Promise.reject(new Error("down")));
    await expect(call).rejects.toThrow("down");
    expect((await health())[0]).toBe(503);
    await clock.advance(62_000);
    // The check failed: the instance stays out for another minute.
    expect(await health()).toMatchObject([503, "error", { circuits: { cache: { state: "open" } } }]);
    well = true;
    clock.stall(61_000);
    expect(await health()).toMatchObject([503, "error", { circuits: { cache: { state: "half-open" } } }]);
    await clock.advance(2_000);
    expect(await health()).toEqual([200, "ok", { status: "up" }]);
  });

  test("looks only at the circuits it is given", async () => {
    options = { only: ["database"] };
    await failfast("sales_api").trip();
    expect((await health())[1]).toBe("ok");
    options = { only: (name) => name.startsWith("sales") };
    expect((await health())[1]).toBe("degraded");
  });

  test("is up for a circuit that an operator holds closed, and lists it", async () => {
    await failfast("sales_api").hold("closed");
    expect(await health()).toEqual([
      200,
      "ok",
      { status: "up", circuits: { sales_api: { state: "closed", held: "closed", retryAfter: 0 } } },
    ]);
  });

  test("lists fifty of a thousand circuits by name", async () => {
    const hosts = failfast((host: string) => host, 60);
    for (let host = 0; host < 60; host++) await hosts.for(`host${host}`).trip();
    const [, status, circuits] = await health();
    expect(status).toBe("degraded");
    expect(circuits).toMatchObject({ others: 10 });
    expect(Object.keys((circuits as { circuits: object }).circuits)).toHaveLength(50);
  });
});
