import middy from "@middy/core";
import type { APIGatewayProxyEventV2, Context, SQSEvent, SQSHandler, SQSRecord } from "aws-lambda";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Circuit, createFailfast, memoryStore, type Store } from "../index.js";
import { failfastBatch, failfastMiddleware, withFailfast } from "./lambda.js";

let failfast: ReturnType<typeof createFailfast>;
let salesApi: Circuit;
beforeEach(() => {
  failfast = createFailfast();
  salesApi = failfast("sales_api", 60) as Circuit;
});
afterEach(() => failfast.close());

const http = { requestContext: { http: { method: "GET" } } } as APIGatewayProxyEventV2;
const context = { getRemainingTimeInMillis: () => 3_000 } as Context;
const record = (messageId: string, more: object = {}): SQSRecord =>
  ({
    messageId,
    body: messageId,
    eventSourceARN: "arn:aws:sqs:eu-west-1:1:invoices",
    attributes: {},
    ...more,
  }) as SQSRecord;
const failed = ({ batchItemFailures }: { batchItemFailures: { itemIdentifier: string }[] }) =>
  batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

/** A store whose writes hang. */
function hanging(): Store {
  const store = memoryStore();
  return {
    ...store,
    get: store.get.bind(store),
    delete: store.delete.bind(store),
    set: () => new Promise(() => undefined),
    swap: () => new Promise(() => undefined),
  } as Store;
}

describe("withFailfast", () => {
  test("returns and throws what the handler does", async () => {
    expect(await withFailfast(async (event: string) => `${event}!`, { failfast })("hello", context)).toBe(
      "hello!",
    );
    const error = new Error("its own");
    await expect(withFailfast(async () => Promise.reject(error), { failfast })({}, context)).rejects.toBe(
      error,
    );
  });

  test("answers an HTTP request with 503 while the circuit is open, and throws for other events", async () => {
    await salesApi.trip();
    const handler = withFailfast(async (_event: object) => salesApi.run(() => "done"), { failfast });
    const answer = (await handler(http, context)) as unknown as {
      statusCode: number;
      headers: object;
      body: string;
    };
    expect(answer).toMatchObject({
      statusCode: 503,
      headers: { "Retry-After": "60" },
      isBase64Encoded: false,
    });
    expect(JSON.parse(answer.body)).toMatchObject({ status: 503, circuit: "sales_api" });
    await expect(handler({}, context)).rejects.toMatchObject({ code: "ERR_FAILFAST_OPEN" });
  });

  test("waits for a store at most for the given time, and at most for what is left of the invocation", async () => {
    const slow = createFailfast({ store: hanging() });
    const circuit = slow("sales_api", 60);
    const down = (_event: object): Promise<string> => circuit.run(() => Promise.reject(new Error("down")));
    const began = performance.now();
    const within = { failfast: slow, settledWithin: "50ms" } as const;
    await expect(withFailfast(down, within)({}, context)).rejects.toThrow("down");
    const late = { getRemainingTimeInMillis: () => 60 };
    await expect(withFailfast(down, { failfast: slow, settledWithin: "30s" })({}, late)).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(20_000);
    await slow.close();
  });

  test("refuses anything but a handler, and a wrong time, when it is created", () => {
    expect(() => withFailfast("index.handler" as never)).toThrow("withFailfast takes a handler");
    expect(() => failfastBatch(1 as never)).toThrow(TypeError);
    expect(() => failfastMiddleware({ readyWithin: -1 })).toThrow(RangeError);
  });
});

describe("failfastBatch", () => {
  test("returns the messages that failed, and those that a circuit rejected without a call", async () => {
    let calls = 0;
    const delay = vi.fn(async () => Promise.reject(new Error("no right to")));
    const handler: SQSHandler = failfastBatch(
      salesApi(async ({ body }: SQSRecord) => {
        calls++;
        if (body === "b") throw new Error("down");
      }),
      { failfast, delay },
    ) as SQSHandler;
    const event: SQSEvent = { Records: ["a", "b", "c", "d"].map((id) => record(id)) };
    expect(failed((await handler(event, context, () => undefined)) as never)).toEqual(["b", "c", "d"]);
    expect([calls, delay.mock.calls]).toEqual([
      2,
      [
        [event.Records[2], 60],
        [event.Records[3], 60],
      ],
    ]);
    expect(failed((await handler(event, context, () => undefined)) as never)).toEqual(["a", "b", "c", "d"]);
    await salesApi.reset();
    expect(failed((await handler({ Records: [record("a")] }, context, () => undefined)) as never)).toEqual(
      [],
    );
  });

  test("keeps the order of a FIFO queue's groups, and of a stream", async () => {
    const handled: string[] = [];
    const handle = async ({ body, kinesis }: { body?: string; kinesis?: { sequenceNumber: string } }) => {
      const id = body ?? kinesis?.sequenceNumber ?? "";
      handled.push(id);
      if (id.startsWith("bad")) throw new Error("down");
    };
    const of = (id: string, MessageGroupId: string) =>
      record(id, { eventSourceARN: "arn:aws:sqs:eu-west-1:1:invoices.fifo", attributes: { MessageGroupId } });
    const batch = failfastBatch(handle, { failfast });
    const fifo = [of("bad1", "g"), of("a", "h"), of("b", "g"), of("c", "h")];
    expect(failed(await batch({ Records: fifo }, context))).toEqual(["bad1", "b"]);
    expect(handled).toEqual(["bad1", "a", "c"]);
    const stream = ["1", "bad2", "3"].map((sequenceNumber) => ({ kinesis: { sequenceNumber } }));
    expect(failed(await batch({ Records: stream }, context))).toEqual(["bad2", "3"]);
    await expect(batch({ Records: [{}] as never }, context)).rejects.toThrow(
      "failfastBatch takes records of SQS",
    );
  });
});

describe("failfastMiddleware", () => {
  test("does the same as withFailfast in middy", async () => {
    const settled = vi.spyOn(failfast, "settled");
    const ready = vi.spyOn(failfast, "ready");
    const handler = middy(async (_event: APIGatewayProxyEventV2) => ({
      statusCode: 200,
      body: await salesApi.run(() => "done"),
    })).use(failfastMiddleware({ failfast }));
    expect(await handler(http, context)).toEqual({ statusCode: 200, body: "done" });
    await salesApi.trip();
    expect(await handler(http, context)).toMatchObject({ statusCode: 503, headers: { "Retry-After": "60" } });
    await expect(handler({} as APIGatewayProxyEventV2, context)).rejects.toMatchObject({
      code: "ERR_FAILFAST_OPEN",
    });
    expect([ready.mock.calls.length, settled.mock.calls.length]).toEqual([3, 3]);
  });

  test("keeps an answer that another middleware gave to an error: middy asks the last one first", async () => {
    const page = {
      onError(request: { response?: unknown }) {
        request.response ??= { statusCode: 500 };
      },
    };
    const handler = () => middy(async (_event: APIGatewayProxyEventV2) => salesApi.run(() => "done"));
    await salesApi.trip();
    const guarded = failfastMiddleware({ failfast });
    expect(await handler().use(page).use(guarded)(http, context)).toMatchObject({ statusCode: 503 });
    expect(await handler().use(guarded).use(page)(http, context)).toEqual({ statusCode: 500 });
  });

  test("lets a handler that middy aborts early end with middy's error", async () => {
    const early = middy({ timeoutEarlyInMillis: 20 })
      .use(failfastMiddleware({ failfast }))
      .handler(() => new Promise(() => undefined));
    const ending = { ...context, getRemainingTimeInMillis: () => 60 };
    await expect(early(http, ending)).rejects.toThrow("aborted");
  });

  test("handles a batch again if it is delivered again", async () => {
    let fails = true;
    const batch = failfastBatch(
      async ({ messageId }: { messageId: string }) => {
        if (fails && messageId === "2") throw new Error("down");
      },
      { failfast },
    );
    const Records = ["1", "2", "3"].map((messageId) => ({
      messageId,
      eventSourceARN: "arn:invoices.fifo",
      attributes: { MessageGroupId: "ann" },
    }));
    const again = [{ itemIdentifier: "2" }, { itemIdentifier: "3" }];
    expect(await batch({ Records }, context)).toEqual({ batchItemFailures: again });
    fails = false;
    expect(await batch({ Records }, context)).toEqual({ batchItemFailures: [] });
  });
});
