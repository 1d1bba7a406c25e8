import { beforeEach, describe, expect, test, vi } from "vitest";
import { createFailfast, type Failfast } from "../index.js";
import { type ManualClock, manualClock } from "../testing/index.js";
import { failfastMcp } from "./mcp.js";

const SUM = { content: [{ type: "text", text: "3" }] };

const coded = (code: number | string, more: object = {}): Error =>
  Object.assign(new Error(`code ${code}`), { code, ...more });

/** A client of version 1 of the SDK, in which a schema precedes the options. */
const makeClient = () => ({
  callTool: vi.fn(async (..._args: unknown[]): Promise<unknown> => SUM),
  getServerVersion: (): { name: string } | undefined => ({ name: "sums" }),
});

describe("the connection of failfastMcp", () => {
  let clock: ManualClock;

  let failfast: Failfast;

  let client: ReturnType<typeof makeClient>;

  const state = (name = "mcp:sums"): string => failfast(name).state;

  beforeEach(() => {
    clock = manualClock();
    failfast = createFailfast({ clock });
    client = makeClient();
  });

  test("reconnects once for all calls that wait, and stops waiting when the call does", async () => {
    let connected = false;
    let hangs = true;
    const reconnect = vi.fn(async () => {
      if (hangs) await new Promise(() => undefined);
      connected = true;
    });
    const lost = {
      ...client,
      close: vi.fn(async () => undefined),
      get transport() {
        return connected ? {} : undefined;
      },
    };
    const guard = failfastMcp(lost, { failfast, reconnect, callTimeout: "1s" });
    const both = Promise.allSettled([guard.callTool({ name: "add" }), guard.callTool({ name: "add" })]);
    await clock.advance(1_001);
    expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect([reconnect.mock.calls.length, lost.close.mock.calls.length]).toEqual([1, 1]);
    hangs = false;
    expect(await Promise.all([guard.callTool({ name: "add" }), guard.callTool({ name: "add" })])).toEqual([
      SUM,
      SUM,
    ]);
    expect(reconnect).toHaveBeenCalledTimes(2);
  });

  test("keeps a new connection open when the old one reports an error late", async () => {
    const reconnect = vi.fn(async () => undefined);
    const close = vi.fn(async () => undefined);
    const guard = failfastMcp({ ...client, close }, { failfast, reconnect, threshold: 9 });
    const settle: { resolve(answer: unknown): void; reject(error: Error): void }[] = [];
    client.callTool.mockImplementation(
      () => new Promise((resolve, reject) => void settle.push({ resolve, reject })),
    );
    const begin = async (): Promise<{ call: Promise<unknown> }> => {
      const call = guard.callTool({ name: "add" });
      call.catch(() => undefined);
      await clock.advance(0);
      return { call };
    };
    const { call: first } = await begin();
    const { call: second } = await begin();
    settle[0]?.reject(coded(404));
    await expect(first).rejects.toThrow();
    const { call: third } = await begin();
    expect([reconnect.mock.calls.length, settle.length]).toEqual([1, 3]);
    settle[1]?.reject(coded(404));
    await expect(second).rejects.toThrow();
    const { call: fourth } = await begin();
    expect([reconnect.mock.calls.length, close.mock.calls.length, settle.length]).toEqual([1, 1, 4]);
    settle[2]?.resolve(SUM);
    settle[3]?.reject(coded(404));
    expect(await third).toBe(SUM);
    await expect(fourth).rejects.toThrow();
    await begin();
    expect(reconnect).toHaveBeenCalledTimes(2);
  });

  test("ignores a late answer of the old connection, and stays closed after its owner closed it", async () => {
    const reconnect = vi.fn(async () => undefined);
    const guard = failfastMcp({ ...client, close: async () => undefined }, { failfast, reconnect });
    let answer = (_: unknown): void => undefined;
    client.callTool.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    const call = guard.callTool({ name: "add" });
    await clock.advance(0);
    await guard.close();
    answer(SUM);
    expect(await call).toBe(SUM);
    client.callTool.mockRejectedValue(new Error("Not connected"));
    for (let n = 0; n < 2; n++)
      await expect(guard.callTool({ name: "add" })).rejects.toThrow("Not connected");
    expect([reconnect.mock.calls.length, state()]).toEqual([0, "closed"]);
  });

  test("lets a caller give up at once while it reconnects, and counts nothing", async () => {
    let hangs = true;
    const reconnect = vi.fn(async () => {
      if (hangs) await new Promise(() => undefined);
    });
    const guard = failfastMcp(client, { failfast, reconnect, threshold: 2 });
    client.callTool.mockRejectedValueOnce(coded(404));
    await expect(guard.callTool({ name: "add" })).rejects.toThrow();
    const [one, other] = [new AbortController(), new AbortController()];
    const calls = [one, other].map(({ signal }) => guard.callTool({ name: "add" }, undefined, { signal }));
    await clock.advance(0);
    const reasons = [new Error("the user left"), new Error("the other left")];
    const left = Promise.allSettled(calls);
    one.abort(reasons[0]);
    await expect(calls[0]).rejects.toBe(reasons[0]);
    other.abort(reasons[1]);
    expect(await left).toMatchObject(reasons.map((reason) => ({ status: "rejected", reason })));
    expect([reconnect.mock.calls.length, state()]).toEqual([1, "closed"]);
    hangs = false;
    expect(await guard.callTool({ name: "add" })).toBe(SUM);
    expect([reconnect.mock.calls.length, state()]).toEqual([2, "closed"]);
  });

  test.each([undefined, new Error("spawn failed")])(
    "stays closed if its owner closes it while it reconnects: %s",
    async (failure) => {
      let connected = (): void => undefined;
      const closing = {
        ...client,
        transport: {} as object | undefined,
        close: vi.fn(async () => {
          closing.transport = undefined;
        }),
      };
      const reconnect = vi.fn(async () => {
        await new Promise<void>((resolve) => (connected = resolve));
        closing.transport = {};
        if (failure) throw failure;
      });
      const guard = failfastMcp(closing, { failfast, reconnect, threshold: 2 });
      client.callTool.mockRejectedValueOnce(coded(404));
      await expect(guard.callTool({ name: "add" })).rejects.toThrow();
      const call = guard.callTool({ name: "add" });
      call.catch(() => undefined);
      await clock.advance(0);
      await guard.close();
      connected();
      await expect(call).rejects.toThrow(failure?.message ?? "the client was closed");
      expect([closing.transport, state(), client.callTool.mock.calls.length]).toEqual([
        undefined,
        "closed",
        1,
      ]);
      client.callTool.mockRejectedValueOnce(new Error("Not connected"));
      await expect(guard.callTool({ name: "add" })).rejects.toThrow("Not connected");
      expect(reconnect).toHaveBeenCalledTimes(1);
    },
  );

  test("does not take an error that the server returns for a lost connection", async () => {
    const reconnect = vi.fn(async () => undefined);
    const guard = failfastMcp(client, { failfast, reconnect });
    for (const error of [coded(-32_000, { name: "McpError" }), coded(-32_000, { name: "ProtocolError" })]) {
      client.callTool.mockRejectedValueOnce(error);
      await expect(guard.callTool({ name: "add" })).rejects.toBe(error);
    }
    expect(await guard.callTool({ name: "add" })).toBe(SUM);
    expect(reconnect).not.toHaveBeenCalled();
  });

  test("counts again after its owner closes and connects it past the guard", async () => {
    const closing = { ...client, close: async () => undefined, transport: {} as object | undefined };
    const guard = failfastMcp(closing, { failfast, threshold: 1 });
    await guard.close();
    closing.transport = undefined;
    client.callTool.mockRejectedValue(new Error("Not connected"));
    await expect(guard.callTool({ name: "add" })).rejects.toThrow();
    expect(state()).toBe("closed");
    closing.transport = {};
    client.callTool.mockRejectedValue(coded(-32_603));
    await expect(guard.callTool({ name: "add" })).rejects.toThrow();
    expect(state()).toBe("open");
  });
});
