import { get } from "node:http";
import fastify, { type FastifyReply, type RouteHandlerMethod } from "fastify";
import { beforeEach, describe, expect, test } from "vitest";
import { guard } from "../../../src/frameworks/fastify.js";
import { clock, due, ends, failfast, state, underWay } from "./new-circuit.js";

describe("a Fastify route that hijacks its reply", () => {
  const boom = new Error("boom");
  /** Ends with the answer, if one comes. */
  async function ask(route: RouteHandlerMethod): Promise<unknown> {
    const app = fastify({
      logger: { level: "error", stream: { write: (line: string) => logged.push(line) } },
    });
    ends.push(() => app.close());
    app.get("/", guard("app", 30, { failfast }), route);
    return app.inject("/").catch(() => undefined);
  }
  const logged: string[] = [];
  beforeEach(() => void logged.splice(0));

  test.each<[string, RouteHandlerMethod]>([
    [
      "and throws",
      async (_, reply) => {
        reply.hijack();
        throw boom;
      },
    ],
    [
      "and throws at once",
      (_, reply) => {
        reply.hijack();
        throw boom;
      },
    ],
    [
      "and throws amid its answer",
      async (_, reply) => {
        reply.hijack();
        reply.raw.write("some");
        throw boom;
      },
    ],
  ])("%s, has failed", async (_, route) => {
    void ask(route);
    await expect.poll(() => state()).toBe("open");
    await failfast("app").reset();
  });

  test.each([true, false])(
    "in a hook that then throws, is late or its client leaves (callTimeout: %s)",
    async (limited) => {
      const app = fastify();
      ends.push(
        () => app.close(),
        () => app.server.closeAllConnections(),
      );
      const callTimeout = limited ? ({ callTimeout: "5s" } as const) : {};
      const preHandler = async (_: unknown, reply: FastifyReply): Promise<void> => {
        reply.hijack();
        throw boom;
      };
      const options = { ...guard("app", 30, { failfast, ...callTimeout }), preHandler };
      app.get("/", options, async () => "answered");
      app.get("/well", guard("app", 30, { failfast, ...callTimeout }), async () => "answered");
      const url = await app.listen({ host: "127.0.0.1", port: 0 });
      await due();
      const hung = get(url, { agent: false }).on("error", () => undefined);
      await expect.poll(underWay).toBe(1);
      expect((await app.inject("/well")).statusCode).toBe(503);
      if (limited) {
        await clock.advance(5_000);
        await expect.poll(() => state()).toBe("open");
        await clock.advance(31_000);
      } else await clock.advance(11_000);
      expect((await app.inject("/well")).statusCode).toBe(200);
      expect(state()).toBe("closed");
      hung.destroy();
      await expect.poll(underWay).toBe(0);
      expect(state()).toBe("closed");
    },
  );

  test("and throws has its error in Fastify's log, and its own log entries are no failure", async () => {
    await ask(async (_, reply) => {
      reply.hijack();
      reply.log.error({ err: boom }, "a part is missing");
      reply.raw.end("the rest");
    });
    await expect.poll(underWay).toBe(0);
    expect([state(), logged.length]).toEqual(["closed", 1]);
    void ask(async (_, reply) => {
      reply.hijack();
      throw boom;
    });
    await expect.poll(() => logged.some((line) => line.includes("Promise errored"))).toBe(true);
  });

  test("and throws after a whole answer counts by its answer", async () => {
    await ask(async (_, reply) => {
      reply.hijack();
      reply.raw.end("all");
      throw boom;
    });
    await expect.poll(underWay).toBe(0);
    expect(state()).toBe("closed");
  });
});
