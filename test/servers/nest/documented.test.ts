import "reflect-metadata";
import { Module, NotFoundException } from "@nestjs/common";
import { Test } from "@nestjs/testing";
import { isFailfastError } from "failfast";
import { FAILFAST, FAILFAST_OPTIONS, Failfast, FailfastModule } from "failfast/nest";
import { manualClock } from "failfast/testing";
import { afterEach, beforeEach, expect, test } from "vitest";

const backend = { fails: undefined as Error | undefined, calls: 0 };

class Sales {
  @Failfast("sales_api", 60)
  async invoices(customer: string): Promise<string[]> {
    backend.calls++;
    if (backend.fails) throw backend.fails;
    return [`an invoice of ${customer}`];
  }
}

@Module({ imports: [FailfastModule.forRoot({ timeout: 60 })], providers: [Sales] })
class AppModule {}

async function start() {
  const clock = manualClock();
  const module = await Test.createTestingModule({ imports: [AppModule] })
    // Each application has its own circuits. Here they get a clock that the test moves.
    .overrideProvider(FAILFAST_OPTIONS)
    .useValue({ clock, log: false })
    .compile();
  await module.init();
  return { module, clock, sales: module.get(Sales), salesApi: module.get(FAILFAST)("sales_api") };
}

let app: Awaited<ReturnType<typeof start>>;
beforeEach(async () => {
  Object.assign(backend, { fails: undefined, calls: 0 });
  app = await start();
});
afterEach(() => app.module.close());

test("a failure opens the circuit, and a minute later one call closes it", async () => {
  backend.fails = new Error("down");
  await expect(app.sales.invoices("ann")).rejects.toThrow("down");
  await expect(app.sales.invoices("ann")).rejects.toSatisfy(isFailfastError);
  expect(backend.calls).toBe(1);
  backend.fails = undefined;
  await app.clock.advance(60_000);
  expect(await app.sales.invoices("ann")).toEqual(["an invoice of ann"]);
  expect(app.salesApi.state).toBe("closed");
});

test("a caller's own mistake opens nothing", async () => {
  backend.fails = new NotFoundException();
  await expect(app.sales.invoices("nobody")).rejects.toThrow(NotFoundException);
  expect(app.salesApi.state).toBe("closed");
  // An object that Nest did not create uses the only application.
  await expect(new Sales().invoices("nobody")).rejects.toThrow(NotFoundException);
  backend.fails = undefined;
  expect(await new Sales().invoices("ann")).toEqual(["an invoice of ann"]);
});
