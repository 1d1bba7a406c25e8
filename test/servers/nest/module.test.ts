import { listAll } from "../../../src/stores/list-all.fixture.js";
import "reflect-metadata";
import { CACHE_MANAGER, CacheModule } from "@nestjs/cache-manager";
import {
  type DynamicModule,
  forwardRef,
  Inject,
  Injectable,
  Module,
  NotFoundException,
  type Provider,
  Scope,
  type Type,
} from "@nestjs/common";
import { ContextIdFactory, ModuleRef, REQUEST } from "@nestjs/core";
import { Test, type TestingModule } from "@nestjs/testing";
import type { Cache } from "cache-manager";
import { createClient } from "redis";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  FAILFAST,
  Failfast,
  FailfastModule,
  type FailfastModuleOptions,
  getCircuitToken,
  InjectCircuit,
  InjectFailfast,
} from "../../../src/frameworks/nest.js";
import { type Circuit, createFailfast, memoryStore, failfast as shared } from "../../../src/index.js";
import { cacheStore } from "../../../src/stores/cache.js";
import { redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { startRedis } from "../start-redis.js";

const quiet = { log: false } as const;
const running: TestingModule[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const application of running.splice(0)) await application.close();
});

async function start(imports: (DynamicModule | Type)[], providers: Provider[] = []): Promise<TestingModule> {
  const application = await Test.createTestingModule({ imports, providers }).compile();
  application.useLogger(false);
  running.push(application);
  return application.init();
}
const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (value) => value,
    (error: unknown) => (error as { code?: string }).code ?? (error as Error).message,
  );
const DOWN = "the backend is down";
const REJECTED = "ERR_FAILFAST_OPEN";
const down = async (): Promise<string> => {
  throw new Error(DOWN);
};

@Injectable()
class Sales {
  calls = 0;
  @Failfast("sales_api", 60)
  async invoices(_customer = ""): Promise<string> {
    this.calls++;
    return down();
  }
}

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

describe("FailfastModule", () => {
  test("provides circuits to @InjectCircuit by forFeature, the same ones as @Failfast's", async () => {
    @Injectable()
    class Jobs {
      constructor(
        @InjectCircuit("sales_api") readonly salesApi: Circuit,
        @InjectCircuit("billing") readonly billing: Circuit,
        @InjectFailfast() readonly failfast: Failfast,
      ) {}
    }
    @Module({
      imports: [FailfastModule.forFeature(["sales_api", { name: "billing", timeout: 5, threshold: 2 }])],
      providers: [Jobs],
    })
    class Feature {}
    const application = await start([FailfastModule.forRoot({ ...quiet, timeout: 60 }), Feature], [Sales]);
    const jobs = application.get(Jobs, { strict: false });
    await outcome(application.get(Sales).invoices());
    expect([jobs.salesApi.state, jobs.billing.state]).toEqual(["open", "closed"]);
    expect(jobs.failfast).toBe(application.get(FAILFAST));
    expect(getCircuitToken("billing")).toContain("billing");
  });

  test("names a circuit that no forFeature provides in its error", async () => {
    class Jobs {
      constructor(@InjectCircuit("sales_api") readonly salesApi: Circuit) {}
    }
    await expect(start([FailfastModule.forRoot(quiet)], [Jobs])).rejects.toThrow("sales_api");
  });

  test("reports that it was imported twice", async () => {
    await expect(start([FailfastModule.forRoot(quiet), FailfastModule.forRoot(quiet)])).rejects.toThrow(
      "is imported 2 times",
    );
  });

  test("stops the start for request-scoped options, because circuits outlive requests", async () => {
    const perRequest = FailfastModule.forRootAsync({
      inject: [REQUEST],
      useFactory: (_request: unknown) => quiet,
    });
    await expect(start([perRequest], [Sales])).rejects.toThrow("circuits outlive requests");
  });

  test("keeps circuits apart for services that depend on each other", async () => {
    @Injectable()
    class Buyers {
      constructor(@Inject(forwardRef(() => Sellers)) readonly sellers: unknown) {}
      @Failfast("buyers", 60)
      get(): Promise<string> {
        return down();
      }
    }
    @Injectable()
    class Sellers {
      constructor(@Inject(forwardRef(() => Buyers)) readonly buyers: Buyers) {}
      @Failfast("sellers", 60)
      get(): Promise<string> {
        return this.buyers.get();
      }
    }
    const application = await start([FailfastModule.forRoot(quiet)], [Buyers, Sellers]);
    expect(await outcome(application.get(Sellers).get())).toBe(DOWN);
    expect(application.get<Failfast>(FAILFAST)("buyers").state).toBe("open");
  });

  test("lets a test replace a circuit, or the failfast", async () => {
    const failfast = createFailfast({ timeout: 60 });
    const application = await Test.createTestingModule({
      imports: [FailfastModule.forRoot(quiet)],
      providers: [Sales],
    })
      .overrideProvider(FAILFAST)
      .useValue(failfast)
      .compile();
    running.push(await application.init());
    await outcome(application.get(Sales).invoices());
    expect(failfast("sales_api").state).toBe("open");
  });

  test("takes useFactory, useClass and useExisting for its options", async () => {
    const options: FailfastModuleOptions = { ...quiet, timeout: 9 };
    class Options {
      createFailfastOptions(): FailfastModuleOptions {
        return options;
      }
    }
    @Module({ providers: [Options], exports: [Options] })
    class Config {}
    for (const root of [
      FailfastModule.forRootAsync({ useFactory: async () => options }),
      FailfastModule.forRootAsync({ useClass: Options }),
      FailfastModule.forRootAsync({ imports: [Config], useExisting: Options }),
    ]) {
      const application = await start([root]);
      expect(() => application.get<Failfast>(FAILFAST)("any")).not.toThrow();
    }
    expect(() => FailfastModule.forRootAsync({})).toThrow("one of useFactory, useClass and useExisting");
  });

  test("stops the start for options that can't be resolved, and for wrong options", async () => {
    const failing = FailfastModule.forRootAsync({
      useFactory: async () => {
        throw new Error("no configuration");
      },
    });
    await expect(start([failing], [Sales])).rejects.toThrow("no configuration");
    await expect(start([FailfastModule.forRoot({ treshold: 1 } as never)], [Sales])).rejects.toThrow(
      'there is no option "treshold"',
    );
  });

  test("may guard what its own options depend on", async () => {
    @Injectable()
    class Config {
      @Failfast("config", 60)
      async timeout(): Promise<number> {
        return 60;
      }
    }
    @Module({ providers: [Config], exports: [Config] })
    class ConfigModule {}
    const application = await start(
      [
        FailfastModule.forRootAsync({
          imports: [ConfigModule],
          inject: [Config],
          useFactory: async (config: Config) => ({ ...quiet, timeout: await config.timeout() }),
        }),
      ],
      [Sales],
    );
    expect(await outcome(application.get(Sales).invoices())).toBe(DOWN);
  });

  test("starts, serves and stops with a store that never answers", async () => {
    const never = new Promise<never>(() => undefined);
    const frozen = { get: () => never, set: () => never, delete: () => never };
    const application = await start([FailfastModule.forRoot({ ...quiet, store: frozen })], [Sales]);
    expect(await outcome(application.get(Sales).invoices())).toBe(DOWN);
    expect(await outcome(application.get(Sales).invoices())).toBe(REJECTED);
    await application.close();
  });

  test("writes pending decisions before it stops", async () => {
    const store = memoryStore();
    const slow = {
      ...store,
      swap: async (...args: Parameters<NonNullable<typeof store.swap>>) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        return (store.swap as NonNullable<typeof store.swap>)(...args);
      },
    };
    const application = await start([FailfastModule.forRoot({ ...quiet, store: slow })], [Sales]);
    await outcome(application.get(Sales).invoices());
    await application.close();
    expect(await listAll(store)).toHaveLength(1);
  });
});

describe("a store by injection", () => {
  test("may be CACHE_MANAGER", async () => {
    const cached = FailfastModule.forRootAsync({
      imports: [CacheModule.register()],
      inject: [CACHE_MANAGER],
      useFactory: (cache: Cache) => ({ ...quiet, store: cacheStore(cache) }),
    });
    const application = await start([cached], [Sales]);
    await outcome(application.get(Sales).invoices());
    await application.get<Failfast>(FAILFAST).settled();
    expect(application.get<Failfast>(FAILFAST)("sales_api").snapshot().revision).toBeGreaterThan(0);
  });

  const redisServer = requireProgram("redis-server");
  test.skipIf(!redisServer)("may be a Redis client that another module provides", async () => {
    const server = await startRedis(redisServer);
    onTestFinished(() => server.stop());
    const client = await createClient({ url: server.url })
      .on("error", () => undefined)
      .connect();
    onTestFinished(async () => {
      for (const application of running.splice(0)) await application.close();
      client.destroy();
    });
    @Module({ providers: [{ provide: "REDIS", useValue: client }], exports: ["REDIS"] })
    class RedisModule {}
    const root = (): DynamicModule =>
      FailfastModule.forRootAsync({
        imports: [RedisModule],
        inject: ["REDIS"],
        useFactory: (redis: typeof client) => ({ ...quiet, store: redisStore(redis) }),
      });
    const [one, other] = [await start([root()], [Sales]), await start([root()], [Sales])];
    await outcome(one.get(Sales).invoices());
    await expect
      .poll(() => other.get<Failfast>(FAILFAST)("sales_api").state, { timeout: 20_000 })
      .toBe("open");
    expect(await outcome(other.get(Sales).invoices())).toBe(REJECTED);
  });
});
