import { beforeEach, describe, expect, test } from "vitest";
import { createFailfast, type Failfast } from "../index.js";
import { manualClock } from "../testing/index.js";
import { type FastifyReply, failfastPlugin, guard } from "./fastify.js";
import { FakeResponse, turn } from "./response.fixture.js";

/** A reply as a guard sees it. An error that is sent is answered with 500, as in Fastify. */
class FakeReply implements FastifyReply {
  readonly raw = new FakeResponse();
  sent = false;
  #status = 200;
  #headers: Readonly<Record<string, string>> = {};

  code(status: number): void {
    this.#status = status;
  }

  headers(headers: Readonly<Record<string, string>>): void {
    this.#headers = headers;
  }

  getHeader(name: string): unknown {
    const entry = Object.entries(this.#headers).find(([key]) => key.toLowerCase() === name);
    return entry?.[1];
  }

  send(payload?: unknown): void {
    this.sent = true;
    this.raw.answer(payload instanceof Error ? 500 : this.#status, this.#headers);
  }
}

const asked = (url?: string, config?: object) => ({
  method: "GET",
  routeOptions: config ? { url, config } : { url },
});

describe("guard for Fastify", () => {
  let failfast: Failfast;
  async function request(route: (reply: FakeReply) => void, options: object = {}): Promise<FakeReply> {
    const reply = new FakeReply();
    const { onRequest } = guard("invoices", 30, { failfast, threshold: 1, ...options });
    onRequest(asked("/invoices"), reply, () => route(reply));
    await turn();
    return reply;
  }

  beforeEach(() => {
    failfast = createFailfast({ clock: manualClock() });
  });

  test("answers 503 and Retry-After while open", async () => {
    await request((reply) => reply.send(new Error("down")));
    const reply = await request(() => expect.unreachable());
    expect([reply.raw.statusCode, reply.getHeader("retry-after")]).toEqual([503, "30"]);
  });

  test("counts 404 as no failure, and a client that disconnects as neither", async () => {
    await request((reply) => {
      reply.code(404);
      reply.send();
    });
    await request((reply) => reply.raw.breakOff());
    expect(failfast("invoices").state).toBe("closed");
  });

  test("lets rejected answer", async () => {
    await failfast("invoices", 30).hold("open");
    const reply = await request(() => expect.unreachable(), {
      rejected: (_: Error, _request: object, given: FakeReply) => {
        given.code(418);
        given.send();
      },
    });
    expect(reply.raw.statusCode).toBe(418);
  });
});

describe("failfastPlugin", () => {
  let failfast: Failfast;
  type Hook = (request: object, reply: FakeReply, next: () => void) => void;

  /** Sends a request that fails. Returns the names of the circuits that are open then. */
  async function openAfter(request: object): Promise<string[]> {
    let hook: Hook | undefined;
    const app = { addHook: (_: string, given: Hook) => (hook = given) };
    failfastPlugin(app, { failfast, threshold: 1 }, () => undefined);
    const reply = new FakeReply();
    hook?.(request, reply, () => reply.send(new Error("down")));
    await turn();
    return [...failfast.circuits()].filter(({ state }) => state === "open").map(({ name }) => name);
  }

  beforeEach(() => {
    failfast = createFailfast({ clock: manualClock() });
  });

  test("names a route's circuit by its method and pattern", async () => {
    expect(await openAfter(asked("/invoices/:id"))).toEqual(["GET /invoices/:id"]);
  });

  test("lets config name the circuit, or leave the route out", async () => {
    expect(await openAfter(asked("/x", { failfast: "invoices" }))).toEqual(["invoices"]);
    failfast = createFailfast({ clock: manualClock() });
    expect(await openAfter(asked("/x", { failfast: false }))).toEqual([]);
  });

  test("leaves out requests without a route, which get 404", async () => {
    expect(await openAfter(asked())).toEqual([]);
  });
});
