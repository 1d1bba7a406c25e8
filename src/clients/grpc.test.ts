import { beforeEach, describe, expect, test } from "vitest";
import { createFailfast, type Failfast, isFailfastError } from "../index.js";
import { manualClock } from "../testing/index.js";
import { failfastInterceptor, type GrpcMetadata, type GrpcOptions, type GrpcStatus } from "./grpc.js";

class Metadata implements GrpcMetadata {
  readonly #values = new Map<string, string>();

  get(key: string): unknown[] {
    const value = this.#values.get(key);
    return value === undefined ? [] : [value];
  }

  set(key: string, value: string): void {
    this.#values.set(key, value);
  }
}

interface Listener {
  onReceiveMetadata(metadata: GrpcMetadata): void;
  onReceiveMessage(message: unknown): void;
  onReceiveStatus(status: GrpcStatus): void;
}
interface Requester {
  start(metadata: unknown, listener: Listener, next: (metadata: unknown, listener: Listener) => void): void;
  cancel(next: () => void): void;
}

/** As much of grpc-js as the interceptor uses: a call runs its requester, and then the server. */
class InterceptingCall {
  readonly #requester: Requester;
  readonly #server: Server;

  constructor(next: never, requester?: never) {
    this.#server = (next as { server: Server }).server;
    this.#requester = requester as unknown as Requester;
  }

  start(listener: Listener): void {
    this.#requester.start(new Metadata(), listener, (_, guarded) => this.#server(guarded));
  }

  cancel(): void {
    this.#requester.cancel(() => undefined);
  }

  sendMessageWithContext(): void {}

  startRead(): void {}
}

type Server = (listener: Listener) => void;

const ends =
  (code: number, metadata: GrpcMetadata = new Metadata()): Server =>
  (listener) =>
    listener.onReceiveStatus({ code, details: `code ${code}`, metadata });

function pushback(ms: number): Metadata {
  const metadata = new Metadata();
  metadata.set("grpc-retry-pushback-ms", String(ms));
  return metadata;
}

describe("failfastInterceptor for gRPC", () => {
  let failfast: Failfast;
  let server: Server;
  let started: number;
  const open = (options: GrpcOptions = {}, responseStream = false): InterceptingCall => {
    const intercept = failfastInterceptor(
      { InterceptingCall, Metadata },
      { failfast, threshold: 1, ...options },
    );
    const method_definition = { path: "/sales.v1.Invoices/List", responseStream };
    return intercept({ method_definition }, () => ({
      server: (listener: Listener) => {
        started++;
        server(listener);
      },
      cancelWithStatus: () => undefined,
    }));
  };
  const call = (options?: GrpcOptions): Promise<GrpcStatus & { cause?: unknown }> =>
    new Promise((onReceiveStatus) =>
      open(options).start({
        onReceiveMetadata: () => undefined,
        onReceiveMessage: () => undefined,
        onReceiveStatus,
      }),
    );

  beforeEach(() => {
    failfast = createFailfast({ clock: manualClock() });
    started = 0;
  });

  test("ends a call with UNAVAILABLE while open, and sends nothing", async () => {
    server = ends(14);
    expect((await call()).code).toBe(14);
    const status = await call();
    expect(status.code).toBe(14);
    expect(status.metadata.get("retry-after")).toEqual(["30"]);
    expect(isFailfastError(status.cause)).toBe(true);
    expect(started).toBe(1);
    expect(failfast("sales.v1.Invoices").state).toBe("open");
  });

  test.each([
    ["OK", ends(0), "closed"],
    ["NOT_FOUND", ends(5), "closed"],
    ["DEADLINE_EXCEEDED", ends(4), "open"],
    ["INTERNAL", ends(13), "open"],
    ["RESOURCE_EXHAUSTED", ends(8), "closed"],
    ["RESOURCE_EXHAUSTED with a pushback", ends(8, pushback(90_000)), "open"],
  ])("%s leaves the circuit as it should", async (_, behaviour, state) => {
    server = behaviour;
    await call();
    expect(failfast("sales.v1.Invoices").state).toBe(state);
  });

  test.each([
    "Failed to parse the answer of the database",
    "No backend: Getting metadata from plugin failed",
  ])("counts a failure of the server that says %j", async (details) => {
    server = (listener) => listener.onReceiveStatus({ code: 13, details, metadata: new Metadata() });
    await call();
    expect(failfast("sales.v1.Invoices").state).toBe("open");
  });

  test("opens for the time of a server's pushback", async () => {
    server = ends(14, pushback(90_000));
    await call();
    expect(failfast("sales.v1.Invoices").retryAfter).toBe(90);
  });

  test("counts nothing if the call is cancelled here", async () => {
    const guarded = open();
    server = (listener) => {
      guarded.cancel();
      ends(1)(listener);
    };
    await new Promise((onReceiveStatus) =>
      guarded.start({
        onReceiveMetadata: () => undefined,
        onReceiveMessage: () => undefined,
        onReceiveStatus: onReceiveStatus as (status: GrpcStatus) => void,
      }),
    );
    expect(failfast("sales.v1.Invoices").state).toBe("closed");
  });

  test("lets results decide which statuses are failures, and name decide which circuit it is", async () => {
    server = ends(5);
    await call({ name: "invoices", results: ({ code }) => code === 5 });
    expect(failfast("invoices").state).toBe("open");
  });

  test("refuses anything but grpc-js, and wrong options", () => {
    expect(() => failfastInterceptor({} as never)).toThrow(/takes grpc-js itself/);
    const grpc = { InterceptingCall, Metadata };
    expect(() => failfastInterceptor(grpc, { streams: "last" as never })).toThrow(/streams is last/);
  });
});
