import "reflect-metadata";
import { Inject, Injectable, NotFoundException, Scope } from "@nestjs/common";
import { ContextIdFactory, ModuleRef } from "@nestjs/core";
import { type TestingModule } from "@nestjs/testing";
import { describe, expect, test, vi } from "vitest";
import { FAILFAST, Failfast, FailfastModule } from "../../../src/frameworks/nest.js";
import { failfast as shared } from "../../../src/index.js";
import { DOWN, down, outcome, quiet, REJECTED, Sales, start } from "./application.js";

describe("@Failfast", () => {
  test("guards a method of a provider, by a circuit of the module's own failfast", async () => {
    const application = await start([FailfastModule.forRoot(quiet)], [Sales]);
    const sales = application.get(Sales);
    expect([await outcome(sales.invoices()), await outcome(sales.invoices())]).toEqual([DOWN, REJECTED]);
    expect(sales.calls).toBe(1);
    const circuits: Failfast = application.get(FAILFAST);
    expect([...circuits.circuits()].map(({ name, state }) => [name, state])).toEqual([["sales_api", "open"]]);
    expect([...shared.circuits()]).toEqual([]);
  });

  test("keeps the method's name and length, and adds nothing enumerable", async () => {
    const application = await start([FailfastModule.forRoot(quiet)], [Sales]);
    const sales = application.get(Sales);
    expect([sales.invoices.name, sales.invoices.length]).toEqual(["invoices", 0]);
    expect([Object.keys(sales), Object.getOwnPropertySymbols({ ...sales })]).toEqual([["calls"], []]);
  });

  test("leaves time and options to forRoot", async () => {
    class Late {
      @Failfast("late")
      get(): Promise<string> {
        return down();
      }
    }
    const application = await start([FailfastModule.forRoot({ ...quiet, timeout: 7, threshold: 2 })], [Late]);
    const late = application.get(Late);
    const said = [await outcome(late.get()), await outcome(late.get()), await outcome(late.get())];
    expect(said).toEqual([DOWN, DOWN, REJECTED]);
    expect(application.get<Failfast>(FAILFAST)("late").retryAfter).toBeLessThanOrEqual(7);
  });

  test("does not count an HttpException below 500, which is the caller's mistake", async () => {
    class Orders {
      @Failfast("orders", 60)
      async find(): Promise<never> {
        throw new NotFoundException("no such order");
      }
    }
    const application = await start([FailfastModule.forRoot(quiet)], [Orders]);
    const orders = application.get(Orders);
    expect(await outcome(orders.find())).toBe("no such order");
    expect(await outcome(orders.find())).toBe("no such order");
  });

  test("guards sync methods, symbols, overriding and inherited methods, and names a circuit for each argument", async () => {
    const secret = Symbol("secret");
    class Base {
      @Failfast("sync", 60)
      now(): string {
        throw new Error(DOWN);
      }
      @Failfast("symbol", 60)
      [secret](): Promise<string> {
        return down();
      }
    }
    class Derived extends Base {
      @Inject(ModuleRef) readonly module!: ModuleRef;
      override now(): string {
        return super.now();
      }
      @Failfast((host: string) => `api:${host}`, 60)
      async get(host: string): Promise<string> {
        return host === "a" ? down() : host;
      }
    }
    const application = await start([FailfastModule.forRoot(quiet)], [Derived]);
    const derived = application.get(Derived);
    expect(() => derived.now()).toThrow(DOWN);
    expect(() => derived.now()).toThrow("the call was not made");
    expect([await outcome(derived[secret]()), await outcome(derived[secret]())]).toEqual([DOWN, REJECTED]);
    await outcome(derived.get("a"));
    expect([await outcome(derived.get("a")), await outcome(derived.get("b"))]).toEqual([REJECTED, "b"]);
    expect(derived.module).toBeDefined();
    const names = [...application.get<Failfast>(FAILFAST).circuits()].map(({ name }) => name);
    expect(names.sort()).toEqual(["api:a", "api:b", "symbol", "sync"]);
  });

  test("shares the circuit between request-scoped and transient instances and those of a factory", async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Sales {}
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient extends Sales {}
    const application = await start(
      [FailfastModule.forRoot(quiet)],
      [PerRequest, Transient, { provide: "made", useFactory: () => new Sales() }],
    );
    const [first, second] = await Promise.all(
      [1, 2].map(() => application.resolve(PerRequest, ContextIdFactory.create())),
    );
    expect(first).not.toBe(second);
    expect(await outcome((first as Sales).invoices())).toBe(DOWN);
    const others = [
      second as Sales,
      await application.resolve(Transient),
      application.get<Sales>("made"),
      new Sales(),
    ];
    for (const sales of others) expect(await outcome(sales.invoices())).toBe(REJECTED);
  });

  test("guards static methods in the only application of the process, and adds nothing to Function", async () => {
    class Tools {
      readonly kind = "tools";
      @Failfast("tools", 60)
      static get(): Promise<string> {
        return down();
      }
    }
    const application = await start([FailfastModule.forRoot(quiet)]);
    expect([await outcome(Tools.get()), await outcome(Tools.get())]).toEqual([DOWN, REJECTED]);
    expect(application.get<Failfast>(FAILFAST)("tools").state).toBe("open");
    expect(Reflect.getMetadataKeys(Function)).toEqual([]);
  });

  test("keeps circuits apart in two applications of one process with the same class", async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Sales {}
    const [one, other] = [
      await start([FailfastModule.forRoot(quiet)], [Sales, PerRequest]),
      await start([FailfastModule.forRoot(quiet)], [Sales, PerRequest]),
    ];
    const resolved = (application: TestingModule): Promise<PerRequest> =>
      application.resolve(PerRequest, ContextIdFactory.create());
    expect(await outcome(one.get(Sales).invoices())).toBe(DOWN);
    expect(await outcome((await resolved(one)).invoices())).toBe(REJECTED);
    expect(await outcome((await resolved(other)).invoices())).toBe(DOWN);
    expect(await outcome(other.get(Sales).invoices())).toBe(REJECTED);
    expect([...shared.circuits()].map(({ name }) => name)).not.toContain("sales_api");
  });

  test("starts with new circuits in an application that follows another, as with hot reload", async () => {
    const first = await start([FailfastModule.forRoot(quiet)], [Sales]);
    await outcome(first.get(Sales).invoices());
    await first.close();
    const second = await start([FailfastModule.forRoot(quiet)], [Sales]);
    expect(await outcome(second.get(Sales).invoices())).toBe(DOWN);
  });

  test("uses the shared failfast without the module, as in a unit test", async () => {
    class Alone {
      @Failfast("alone", 60)
      get(): Promise<string> {
        return down();
      }
    }
    const application = await start([], [Alone]);
    expect(await outcome(application.get(Alone).get())).toBe(DOWN);
    expect(shared("alone").state).toBe("open");
  });

  test("stops the start for a mistake: two times for one circuit, a name without a time, a generator", async () => {
    class Wrong {
      @Failfast("sales_api", 30)
      async orders(): Promise<void> {}
    }
    vi.stubEnv("NODE_ENV", "production");
    await expect(start([FailfastModule.forRoot(quiet)], [Sales, Wrong])).rejects.toThrow(
      "was made with timeout 60, and is asked for with timeout 30",
    );
    class Timeless {
      @Failfast("timeless")
      async get(): Promise<void> {}
    }
    await expect(start([FailfastModule.forRoot(quiet)], [Timeless])).rejects.toThrow('"timeless"');
    const descriptor = { value: function* items() {} } as PropertyDescriptor;
    expect(() => Failfast("x", 60)(Sales.prototype, "items", descriptor)).toThrow("generator function");
  });

  test("uses the time of another place with a name alone", async () => {
    class First {
      @Failfast("sales_api")
      orders(): Promise<string> {
        return down();
      }
    }
    const application = await start([FailfastModule.forRoot(quiet)], [First, Sales]);
    await outcome(application.get(First).orders());
    expect(await outcome(application.get(Sales).invoices())).toBe(REJECTED);
  });
});
