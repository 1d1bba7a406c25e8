import "reflect-metadata";
import {
  type ArgumentsHost,
  BadGatewayException,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type INestApplication,
  Inject,
  type Provider,
  Res,
  UseFilters,
} from "@nestjs/common";
import { APP_FILTER, ExternalContextCreator } from "@nestjs/core";
import { ClientProxyFactory, MessagePattern, Transport } from "@nestjs/microservices";
import { Test } from "@nestjs/testing";
import { firstValueFrom } from "rxjs";
import { afterEach, describe, expect, test } from "vitest";
import { FailfastFilter, FailfastModule } from "../../../src/frameworks/nest.js";
import { createFailfast, isFailfastError } from "../../../src/index.js";
import { manualClock } from "../../../src/testing/index.js";
import { freePort } from "../server-process.js";
import { type adapters, type Serving, serve } from "./http.js";

const circuit = createFailfast({ clock: manualClock() })("sales_api", 60);
await circuit.trip();
const rejected = (): Promise<never> => circuit.run(() => undefined as never);

/** A filter of an application that answers everything in its own way. */
@Catch()
class Everything implements ExceptionFilter {
  catch(_: unknown, host: ArgumentsHost): void {
    host.switchToHttp().getResponse().status(418).send("everything");
  }
}

/** A filter that leaves rejections to ours. */
@Catch()
class Considerate implements ExceptionFilter {
  constructor(@Inject(FailfastFilter) private readonly rejections: FailfastFilter) {}
  catch(exception: unknown, host: ArgumentsHost): void {
    if (isFailfastError(exception)) this.rejections.catch(exception, host);
    else host.switchToHttp().getResponse().status(418).send("considerate");
  }
}

@Controller()
class Sales {
  @Get("plain")
  plain(): Promise<never> {
    return rejected();
  }
  /** As in undici and other clients. */
  @Get("wrapped")
  async wrapped(): Promise<void> {
    await rejected().catch((cause) => {
      throw new TypeError("fetch failed", { cause });
    });
  }
  @Get("decided")
  async decided(): Promise<void> {
    await rejected().catch((cause) => {
      throw new BadGatewayException("the sales API is down", { cause });
    });
  }
  @Get("own")
  @UseFilters(Everything)
  own(): Promise<never> {
    return rejected();
  }
  @Get("other")
  other(): never {
    throw new Error("another one");
  }
  @Get("begun")
  async begun(
    @Res() response: { raw?: { write(text: string): void }; write?(text: string): void },
  ): Promise<void> {
    (response.raw ?? response).write?.("begun");
    await rejected();
  }
  @MessagePattern("invoices")
  invoices(): Promise<never> {
    return rejected();
  }
}

const served: Serving[] = [];
afterEach(async () => {
  for (const { application } of served.splice(0)) await application.close();
});
type Adapter = keyof typeof adapters;

async function start(
  adapter: Adapter,
  providers: Provider[] = [],
  configure?: (application: INestApplication) => void,
  filter = true,
): Promise<
  (path: string) => Promise<{ status: number; retryAfter: string | null; type: string; body: string }>
> {
  const serving = await serve(adapter, {
    imports: [FailfastModule.forRoot({ filter, log: false })],
    controllers: [Sales],
    providers,
    ...(configure ? { configure } : {}),
  });
  served.push(serving);
  return async (path) => {
    const response = await fetch(`${serving.url}/${path}`);
    const type = response.headers.get("content-type") ?? "";
    const retryAfter = response.headers.get("retry-after");
    return { status: response.status, retryAfter, type, body: await response.text() };
  };
}

describe.each<Adapter>(["Express", "Fastify"])("FailfastFilter on %s", (adapter) => {
  test("answers 503, Retry-After and a problem document, also to a rejection behind a client's error", async () => {
    const get = await start(adapter);
    for (const path of ["plain", "wrapped"]) {
      const answer = await get(path);
      expect([answer.status, answer.retryAfter]).toEqual([503, "60"]);
      expect(answer.type).toMatch(/^application\/problem\+json/);
      expect(JSON.parse(answer.body)).toEqual({
        type: "about:blank",
        title: "Service Unavailable",
        status: 503,
        detail: 'circuit "sales_api" is open; the call was not made, retry in 60 s',
        circuit: "sales_api",
        retryAfter: 60,
      });
    }
  });

  test("leaves other errors, and those that the application answers, alone", async () => {
    const get = await start(adapter);
    const decided = await get("decided");
    expect([decided.status, decided.retryAfter]).toEqual([502, null]);
    expect((await get("other")).status).toBe(500);
  });

  test("ends an answer that has begun", async () => {
    const get = await start(adapter);
    expect((await get("begun")).body).toBe("begun");
  });

  test("leaves precedence to every filter of the application: a route's, APP_FILTER, useGlobalFilters", async () => {
    const route = await start(adapter);
    expect((await route("own")).status).toBe(418);
    const provided = await start(adapter, [{ provide: APP_FILTER, useClass: Everything }]);
    expect((await provided("plain")).status).toBe(418);
    const used = await start(adapter, [], (application) => application.useGlobalFilters(new Everything()));
    expect((await used("plain")).status).toBe(418);
  });

  test("can get rejections from a filter that catches everything", async () => {
    const get = await start(adapter, [{ provide: APP_FILTER, useClass: Considerate }]);
    expect([(await get("plain")).retryAfter, (await get("other")).body]).toEqual(["60", "considerate"]);
  });

  test("is not registered with filter: false", async () => {
    const get = await start(adapter, [], undefined, false);
    const { status, retryAfter } = await get("plain");
    expect([status, retryAfter]).toEqual([503, null]);
  });
});

describe("FailfastFilter without HTTP", () => {
  test("tells a microservice's caller which circuit is open, and until when", async () => {
    const port = await freePort();
    const options = { transport: Transport.TCP as const, options: { host: "127.0.0.1", port } };
    const module = await Test.createTestingModule({
      imports: [FailfastModule.forRoot({ log: false })],
      controllers: [Sales],
    }).compile();
    const service = module.createNestMicroservice({ ...options, logger: false });
    await service.listen();
    const client = ClientProxyFactory.create(options);
    const error = await firstValueFrom(client.send("invoices", {})).catch((reason: unknown) => reason);
    expect(error).toEqual({
      status: "error",
      message: 'circuit "sales_api" is open; the call was not made, retry in 60 s',
      code: "ERR_FAILFAST_OPEN",
      circuit: "sales_api",
      retryAfter: 60,
    });
    client.close();
    await service.close();
  });

  test.each(["graphql", "http"] as const)(
    "passes the error on in a context of kind %s without a response",
    async (kind) => {
      const module = await Test.createTestingModule({
        imports: [FailfastModule.forRoot({ log: false })],
        controllers: [Sales],
      }).compile();
      await module.init();
      const sales = module.get(Sales);
      const call = module
        .get(ExternalContextCreator)
        .create(sales, sales.plain, "plain", undefined, undefined, undefined, undefined, undefined, kind);
      expect(isFailfastError(await call().catch((error: unknown) => error))).toBe(true);
      await module.close();
    },
  );

  test("sends an exception event to a gateway's client", () => {
    const emitted: unknown[][] = [];
    const client = { emit: (...args: unknown[]) => emitted.push(args) };
    const host = { getType: () => "ws", switchToWs: () => ({ getClient: () => client }) };
    const error = Object.assign(new Error("no"), { code: "ERR_FAILFAST_OPEN", circuit: "x", retryAfter: 3 });
    new FailfastFilter(undefined as never).catch(error, host as never);
    expect(emitted).toEqual([
      ["exception", { status: "error", message: "no", code: error.code, circuit: "x", retryAfter: 3 }],
    ]);
  });
});
