import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastInterceptor, type GrpcOptions } from "../../../src/clients/grpc.js";
import { createFailfast, type Failfast, isFailfastError } from "../../../src/index.js";
import { type ManualClock, manualClock } from "../../../src/testing/index.js";

const text = {
  serialize: (value: string) => Buffer.from(value),
  deserialize: (bytes: Buffer) => bytes.toString(),
};
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: (value: string) => {
    if (value === "unsendable") throw new Error("it can't be serialized");
    return text.serialize(value);
  },
  requestDeserialize: text.deserialize,
  responseSerialize: text.serialize,
  responseDeserialize: text.deserialize,
});
const SERVICE = "sales.v1.Invoices";
const definition = {
  get: method(`/${SERVICE}/Get`, false, false),
  list: method(`/${SERVICE}/List`, false, true),
  add: method(`/${SERVICE}/Add`, true, false),
  chat: method(`/${SERVICE}/Chat`, true, true),
};

interface Client extends grpc.Client {
  get(request: string, ...rest: unknown[]): grpc.ClientUnaryCall;
  list(request: string, options?: object): grpc.ClientReadableStream<string>;
  add(
    callback: (error: grpc.ServiceError | null, answer?: string) => void,
  ): grpc.ClientWritableStream<string>;
  chat(): grpc.ClientDuplexStream<string, string>;
}

let server: grpc.Server;
let address: string;
let clients: grpc.Client[];
let failfast: Failfast;
let clock: ManualClock;
let calls: number;
/** How the server ends its next calls; `undefined` means OK. */
let ends: Partial<grpc.ServiceError> | "never" | undefined;

beforeEach(async () => {
  clock = manualClock();
  failfast = createFailfast({ clock, threshold: 1 });
  calls = 0;
  ends = undefined;
  clients = [];
  server = new grpc.Server();
  const unary = (_: unknown, answer: (error: unknown, value?: string) => void): void => {
    calls++;
    if (ends !== "never") answer(ends ?? null, "answered");
  };
  const handlers = {
    get: unary,
    add: (call: grpc.ServerReadableStream<string, string>, answer: typeof unary) =>
      void call.on("data", () => undefined).on("end", () => unary(call, answer as never)),
    list(call: grpc.ServerWritableStream<string, string>) {
      calls++;
      if (ends !== undefined && ends !== "never" && ends.details === "at once") {
        call.emit("error", ends);
        return;
      }
      call.write("first");
      if (ends === undefined) call.end();
      else if (ends !== "never") setImmediate(() => call.emit("error", ends));
    },
    chat(call: grpc.ServerDuplexStream<string, string>) {
      calls++;
      call.on("data", (said: string) => call.write(`you said ${said}`)).on("end", () => call.end());
    },
  };
  server.addService(definition as never, handlers as never);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  address = `127.0.0.1:${port}`;
});
afterEach(() => {
  for (const client of clients) client.close();
  server.forceShutdown();
});

function client(options: GrpcOptions = {}, to = address): Client {
  const Service = grpc.makeGenericClientConstructor(definition as never, "Invoices");
  const made = new Service(to, grpc.credentials.createInsecure(), {
    interceptors: [failfastInterceptor(grpc, { failfast, ...options })],
  });
  clients.push(made);
  return made as unknown as Client;
}
const get = (from: Client, request = "x", options: object = {}): Promise<unknown> =>
  new Promise((resolve) =>
    from.get(request, options, (error: unknown, value: string) => resolve(error ?? value)),
  );
const read = async (stream: grpc.ClientReadableStream<string>): Promise<unknown[]> => {
  const items: unknown[] = [];
  try {
    for await (const item of stream) items.push(item);
  } catch (error) {
    items.push(error);
  }
  return items;
};
const state = (name = SERVICE): string =>
  [...failfast.circuits()].find((each) => each.name === name)?.state ?? "none";
const trip = async (from: Client): Promise<void> => {
  ends = { code: grpc.status.UNAVAILABLE, details: "down" };
  await get(from);
  ends = undefined;
  calls = 0;
};

describe("failfastInterceptor for gRPC", () => {
  test("passes calls of all four kinds through unchanged", async () => {
    const its = client();
    expect(await get(its)).toBe("answered");
    expect(await read(its.list("x"))).toEqual(["first"]);
    const added = await new Promise((resolve) => {
      const call = its.add((error, answer) => resolve(error ?? answer));
      call.write("a");
      call.write("b");
      call.end();
    });
    expect(added).toBe("answered");
    const chat = its.chat();
    chat.write("hello");
    chat.end();
    expect(await read(chat)).toEqual(["you said hello"]);
    expect(state()).toBe("closed");
  });

  test.each(["CANCELLED", "UNKNOWN", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"] as const)(
    "opens the circuit of the service at %s",
    async (name) => {
      ends = { code: grpc.status[name], details: "broken" };
      const its = client();
      expect(await get(its)).toMatchObject({ code: grpc.status[name] });
      expect(state()).toBe("open");
    },
  );

  test.each([
    "NOT_FOUND",
    "INVALID_ARGUMENT",
    "UNAUTHENTICATED",
    "ABORTED",
    "UNIMPLEMENTED",
    "RESOURCE_EXHAUSTED",
  ] as const)("counts %s as a success", async (name) => {
    ends = { code: grpc.status[name], details: "an answer" };
    expect(await get(client())).toMatchObject({ code: grpc.status[name] });
    expect(state()).toBe("closed");
  });

  test("ends a call of any kind with UNAVAILABLE while open, and sends nothing", async () => {
    const its = client();
    await trip(its);
    const error = (await get(its)) as grpc.ServiceError;
    expect(error).toMatchObject({
      code: grpc.status.UNAVAILABLE,
      details: expect.stringContaining("is open"),
    });
    expect(error.metadata.get("retry-after")).toEqual(["30"]);
    expect(isFailfastError(error)).toBe(true);
    for (const begin of [() => its.list("x"), () => its.chat()])
      expect((await read(begin())).map(isFailfastError)).toEqual([true]);
    const added = new Promise((resolve) => {
      const call = its.add((refused) => resolve(refused));
      // Nobody waits for the writes.
      call.write("a", () => call.write("b", () => call.end()));
    });
    expect(isFailfastError(await added)).toBe(true);
    expect(calls).toBe(0);
    await clock.advance(30_000);
    expect(await get(its)).toBe("answered");
    expect(state()).toBe("closed");
  });

  test("counts an unreachable server as a failure", async () => {
    server.forceShutdown();
    const its = client();
    expect(await get(its)).toMatchObject({ code: grpc.status.UNAVAILABLE });
    expect(isFailfastError(await get(its))).toBe(true);
  });

  test("counts a deadline of the caller's and callTimeout as failures, and callTimeout cancels the call", async () => {
    ends = "never";
    expect(await get(client(), "x", { deadline: Date.now() + 50 })).toMatchObject({
      code: grpc.status.DEADLINE_EXCEEDED,
    });
    expect(state()).toBe("open");
    const its = client({ name: "other", callTimeout: "2s" });
    calls = 0;
    const call = get(its);
    await expect.poll(() => calls).toBe(1);
    await clock.advance(2_100);
    expect(await call).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED });
    expect(state("other")).toBe("open");
  });

  test("counts nothing for a deadline that was over when the call was made", async () => {
    for (const deadline of [Date.now() - 1_000, new Date(0)])
      expect(await get(client(), "x", { deadline })).toMatchObject({
        code: grpc.status.DEADLINE_EXCEEDED,
      });
    expect(state()).toBe("closed");
  });

  test("opens for the time that a RESOURCE_EXHAUSTED asks for", async () => {
    const metadata = new grpc.Metadata();
    metadata.set("grpc-retry-pushback-ms", "7000");
    ends = { code: grpc.status.RESOURCE_EXHAUSTED, details: "too many", metadata };
    const its = client();
    await get(its);
    expect(((await get(its)) as grpc.ServiceError).metadata.get("retry-after")).toEqual(["7"]);
  });

  test("releases the probe's lease if a call is cancelled, or can't be sent", async () => {
    const its = client();
    await trip(its);
    await clock.advance(30_000);
    ends = "never";
    const ended = new Promise((resolve) => {
      const call = its.get("x", (error: unknown) => resolve(error));
      void expect
        .poll(() => calls)
        .toBe(1)
        .then(() => call.cancel());
    });
    expect(await ended).toMatchObject({ code: grpc.status.CANCELLED });
    expect(state()).toBe("half-open");
    expect(await get(its, "unsendable")).toMatchObject({ code: grpc.status.INTERNAL });
    expect(state()).toBe("half-open");
    ends = undefined;
    expect(await get(its)).toBe("answered");
    expect(state()).toBe("closed");
  });

  const noToken = grpc.credentials.createFromMetadataGenerator((_, answer) => answer(new Error("no token")));
  test.each<[string, object, object]>([
    ["whose message is longer than the client may send", { "grpc.max_send_message_length": 3 }, {}],
    ["whose credentials can't be had", {}, { credentials: noToken }],
  ])("counts a call %s as neither: it is not sent", async (_, channel, options) => {
    const Service = grpc.makeGenericClientConstructor(definition as never, "Invoices");
    const interceptors = [failfastInterceptor(grpc, { failfast })];
    const made = new Service(address, grpc.credentials.createInsecure(), { ...channel, interceptors });
    clients.push(made);
    const unsent = () => get(made as unknown as Client, "a long message", options);
    expect(await unsent()).toBeInstanceOf(Error);
    expect(state()).toBe("closed");
    await trip(client());
    await clock.advance(30_000);
    expect(await unsent()).toBeInstanceOf(Error);
    expect([state(), calls]).toEqual(["half-open", 0]);
    expect(await get(client())).toBe("answered");
    expect(state()).toBe("closed");
  });

  test("counts a stream at its first message, and no more after it", async () => {
    const its = client();
    await trip(its);
    await clock.advance(30_000);
    ends = "never";
    const watching = its.list("x");
    watching.on("error", () => undefined);
    await new Promise((resolve) => watching.once("data", resolve));
    expect(state()).toBe("closed");
    watching.cancel();
    ends = { code: grpc.status.UNAVAILABLE, details: "broken off" };
    expect(await read(its.list("x"))).toMatchObject(["first", { code: grpc.status.UNAVAILABLE }]);
    expect(state()).toBe("closed");
    ends = { code: grpc.status.UNAVAILABLE, details: "at once" };
    await read(its.list("x"));
    expect(state()).toBe("open");
  });

  test('counts a stream by its status with streams: "end"', async () => {
    ends = { code: grpc.status.UNAVAILABLE, details: "broken off" };
    await read(client({ streams: "end" }).list("x"));
    expect(state()).toBe("open");
  });

  test("takes a function that names by the path, and one that decides which statuses are failures", async () => {
    ends = { code: grpc.status.NOT_FOUND, details: "an answer" };
    await get(client({ name: (path) => path, results: ({ code }) => code === grpc.status.NOT_FOUND }));
    expect(state(`/${SERVICE}/Get`)).toBe("open");
  });

  test("refuses anything but grpc-js, and a wrong option, when it is created", () => {
    expect(() => failfastInterceptor({} as never)).toThrow(TypeError);
    expect(() => failfastInterceptor(grpc, { streams: "all" as never })).toThrow('it takes "first" or "end"');
  });
});
