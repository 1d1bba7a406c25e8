import { once } from "node:events";
import { connect } from "node:http2";
import { describe, expect, test } from "vitest";
import { clock, ends, failfast, state, underWay } from "./new-circuit.js";
import { type RawApp, rawApps } from "./raw-apps.js";

describe.each(["Fastify 5", "Koa 3"])("%s over HTTP/2", (framework) => {
  async function start(act: RawApp["act"]) {
    const app = rawApps[framework] as (typeof rawApps)[string];
    const { url, server } = await app({ options: { failfast }, act, http2: true });
    ends.push(() => server.close());
    const session = connect(url);
    session.on("error", () => undefined);
    ends.push(() => session.destroy());
    return () => {
      const stream = session.request({ ":path": "/" });
      stream.on("error", () => undefined);
      return stream.resume();
    };
  }

  test("opens at an answer of 500, closes at one of 200, and answers a rejection with 503 and Retry-After", async () => {
    let status = 500;
    const request = await start((response) => {
      response.statusCode = status;
      response.end("all");
    });
    await once(request(), "close");
    await expect.poll(() => state()).toBe("open");
    const [headers] = await once(request(), "response");
    expect([headers[":status"], headers["retry-after"]]).toEqual([503, "30"]);
    await clock.advance(31_000);
    status = 200;
    await once(request(), "close");
    await expect.poll(() => state()).toBe("closed");
  });

  test("counts a request whose client left as neither, and releases its probe's lease", async () => {
    let entered = 0;
    const request = await start((response) => {
      entered++;
      return once(response, "close");
    });
    await failfast("app", 30).trip();
    await clock.advance(31_000);
    const stream = request();
    await expect.poll(() => entered).toBe(1);
    expect(underWay()).toBe(1);
    stream.close(8);
    await expect.poll(underWay).toBe(0);
    expect(state()).toBe("half-open");
  });

  test("counts a stream of events that begins with 500 as a failure", async () => {
    const request = await start((response) => {
      response.writeHead(500, { "content-type": "text/event-stream" });
      response.end("data: broken\n\n");
    });
    await once(request(), "close");
    await expect.poll(() => state()).toBe("open");
  });

  test.each([
    ["destroys", (stream: { destroy(error: Error): void }) => stream.destroy(new Error("broken"))],
    ["resets", (stream: { close(code: number): void }) => stream.close(2)],
  ])("counts an answer that the route %s as a failure", async (_, breaks) => {
    const request = await start((response) => {
      response.write("some");
      breaks((response as unknown as { stream: never }).stream);
    });
    request();
    await expect.poll(() => state()).toBe("open");
  });
});
