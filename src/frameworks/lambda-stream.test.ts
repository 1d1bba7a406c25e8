import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Circuit, createFailfast } from "../index.js";
import { withFailfast } from "./lambda.js";

const STREAMS = Symbol.for("aws.lambda.runtime.handler.streaming");
const http = { requestContext: { http: { method: "GET" } } };
const context = { getRemainingTimeInMillis: () => 3_000 };

type Handler = (event: object, stream: PassThrough, context: object) => Promise<void>;

/** As the platform has it: it marks the handler, and tells the status before the first write. */
const platform = {
  streamifyResponse: (handler: Handler): Handler => Object.assign(handler, { [STREAMS]: "response" }),
  HttpResponseStream: {
    from(stream: PassThrough, prelude: object) {
      stream.write(`${JSON.stringify(prelude)}\n`);
      return stream;
    },
  },
};

describe("a handler that streams its response", () => {
  let failfast: ReturnType<typeof createFailfast>;
  let salesApi: Circuit;
  beforeEach(() => {
    vi.stubGlobal("awslambda", platform);
    failfast = createFailfast();
    salesApi = failfast("sales_api", 60) as Circuit;
  });
  afterEach(async () => {
    vi.unstubAllGlobals();
    await failfast.close();
  });

  const said = async (handler: Handler, event: object = http): Promise<string> => {
    const stream = new PassThrough();
    const whole = text(stream);
    await handler(event, stream, context).finally(() => stream.end());
    return whole;
  };
  const answers: Handler = async (_, stream) => void stream.write(await salesApi.run(() => "done"));

  test("is still one, on whichever side of the guard it is marked", async () => {
    const inside = withFailfast(platform.streamifyResponse(answers), { failfast }) as Handler;
    const outside = platform.streamifyResponse(withFailfast(answers, { failfast }) as Handler);
    for (const handler of [inside, outside]) {
      expect(Reflect.get(handler, STREAMS)).toBe("response");
      expect(await said(handler)).toBe("done");
    }
  });

  test("streams 503 to an HTTP request while the circuit is open, and ends", async () => {
    await salesApi.trip();
    const stream = new PassThrough();
    await withFailfast(answers, { failfast })(http, stream, context);
    expect(stream.writableEnded).toBe(true);
    const [prelude = "", body = ""] = (await text(stream)).split("\n");
    expect(JSON.parse(prelude)).toMatchObject({ statusCode: 503, headers: { "Retry-After": "60" } });
    expect(JSON.parse(body)).toMatchObject({ status: 503, circuit: "sales_api" });
  });

  test.each<[string, Handler, object, object | undefined]>([
    ["for any other event", answers, {}, platform],
    ["on a platform that can't stream a status", answers, http, undefined],
    [
      "once something was written",
      async (event, stream, more) => {
        stream.write("begun, ");
        await answers(event, stream, more);
      },
      http,
      platform,
    ],
  ])("throws the rejection %s", async (_, handler, event, given) => {
    vi.stubGlobal("awslambda", given);
    await salesApi.trip();
    await expect(said(withFailfast(handler, { failfast }) as Handler, event)).rejects.toMatchObject({
      code: "ERR_FAILFAST_OPEN",
    });
  });
});
