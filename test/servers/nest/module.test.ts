import { listAll } from "../../../src/stores/list-all.fixture.js";
import "reflect-metadata";
import { CACHE_MANAGER, CacheModule } from "@nestjs/cache-manager";
import { type DynamicModule, forwardRef, Inject, Injectable, Module } from "@nestjs/common";
import { REQUEST } from "@nestjs/core";
import { Test } from "@nestjs/testing";
import type { Cache } from "cache-manager";
import { createClient } from "redis";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  FAILFAST,
  Failfast,
  FailfastModule,
  type FailfastModuleOptions,
  getCircuitToken,
  InjectCircuit,
  InjectFailfast,
} from "../../../src/frameworks/nest.js";
import { type Circuit, createFailfast, memoryStore } from "../../../src/index.js";
import { cacheStore } from "../../../src/stores/cache.js";
import { redisStore } from "../../../src/stores/redis.js";
import { requireProgram } from "../require.js";
import { startRedis } from "../start-redis.js";
import { DOWN, down, outcome, quiet, REJECTED, running, Sales, start } from "./application.js";

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
