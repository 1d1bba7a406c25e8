import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startToxicProxy, type ToxicProxy } from "./proxy.js";
import type { Direction } from "./toxics.js";

let server: Server;
let proxy: ToxicProxy;
let served: Socket[];
const dialled: Socket[] = [];

beforeEach(async () => {
  served = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(socket.on("error", () => undefined).on("end", () => socket.end()));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await startToxicProxy((server.address() as { port: number }).port);
});
afterEach(async () => {
  for (const socket of dialled.splice(0)) socket.destroy();
  for (const socket of served) socket.destroy();
  await proxy.close();
  server.close();
});

interface End {
  readonly socket: Socket;
  /** The pieces that arrived, with their times. */
  readonly pieces: { readonly text: string; readonly at: number }[];
  readonly text: string;
  /** How it ended: `end`, `close`, or an error's code. */
  readonly endings: string[];
}

function observe(socket: Socket): End {
  const pieces: { text: string; at: number }[] = [];
  const endings: string[] = [];
  socket.on("data", (data) => pieces.push({ text: data.toString("latin1"), at: performance.now() }));
  socket.on("end", () => endings.push("end"));
  socket.on("close", () => endings.push("close"));
  socket.on("error", (error: NodeJS.ErrnoException) => endings.push(error.code ?? error.message));
  return {
    socket,
    pieces,
    endings,
    get text() {
      return pieces.map(({ text }) => text).join("");
    },
  };
}

/** A connection through the proxy, seen from both of its ends. */
async function dial(): Promise<{ client: End; server: End }> {
  const before = served.length;
  const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  dialled.push(socket);
  const client = observe(socket);
  await expect.poll(() => served.length, soon).toBe(before + 1);
  return { client, server: observe(served[before] as Socket) };
}

/** The end that sends in a direction, and the one that receives. */
async function pair(direction: Direction): Promise<{ sender: End; receiver: End }> {
  const { client, server } = await dial();
  return direction === "up" ? { sender: client, receiver: server } : { sender: server, receiver: client };
}

const soon = { timeout: 40_000, interval: 2 };
const other = (direction: Direction): Direction => (direction === "up" ? "down" : "up");

test("without toxics the proxy passes everything both ways, also the end of a connection", async () => {
  const { client, server } = await dial();
  client.socket.write("ping");
  await expect.poll(() => server.text, soon).toBe("ping");
  server.socket.write("pong");
  await expect.poll(() => client.text, soon).toBe("pong");
  client.socket.end("bye");
  await expect.poll(() => server.text, soon).toBe("pingbye");
  await expect.poll(() => client.endings, soon).toEqual(["end", "close"]);
  await expect.poll(() => proxy.open, soon).toBe(0);
});

describe.each(["up", "down"] as const)("%s", (direction) => {
  test("latency delays what is sent, in order, and not the other direction", async () => {
    const { sender, receiver } = await pair(direction);
    const remove = await proxy.add({ kind: "latency", ms: 200, jitter: 50 }, direction);
    const began = performance.now();
    for (const text of ["a", "b", "c"]) sender.socket.write(text);
    await expect.poll(() => receiver.text, soon).toBe("abc");
    expect((receiver.pieces[0]?.at ?? 0) - began).toBeGreaterThan(140);
    receiver.socket.write("back");
    await expect.poll(() => sender.text, soon).toBe("back");
    // Once it is removed, nothing is held back.
    const held = await proxy.add({ kind: "latency", ms: 3_600_000 }, direction);
    sender.socket.write("d");
    await remove();
    await held();
    await expect.poll(() => receiver.text, soon).toBe("abcd");
  });

  test("bandwidth limits the bytes in a time", async () => {
    const { sender, receiver } = await pair(direction);
    await proxy.add({ kind: "bandwidth", bytesPerSecond: 10_000 }, direction);
    const began = performance.now();
    sender.socket.write("x".repeat(3_000));
    await expect.poll(() => receiver.text.length, soon).toBe(3_000);
    expect(performance.now() - began).toBeGreaterThan(290);
  });

  test("slow_close delays the end of a connection", async () => {
    const { sender, receiver } = await pair(direction);
    await proxy.add({ kind: "slow_close", ms: 300 }, direction);
    const began = performance.now();
    sender.socket.end("last");
    await expect.poll(() => receiver.text, soon).toBe("last");
    expect(receiver.endings).toEqual([]);
    await expect.poll(() => receiver.endings[0], soon).toBe("end");
    expect(performance.now() - began).toBeGreaterThan(290);
  });

  test("timeout without a time swallows one direction; a stream that lost bytes is reset when it is removed", async () => {
    const { sender, receiver } = await pair(direction);
    const remove = await proxy.add({ kind: "timeout" }, direction);
    sender.socket.write("lost");
    receiver.socket.write("passes");
    await expect.poll(() => sender.text, soon).toBe("passes");
    expect(receiver.text).toBe("");
    expect(sender.endings).toEqual([]);
    await remove();
    await expect
      .poll(() => [sender.endings[0], receiver.endings[0]], soon)
      .toEqual(["ECONNRESET", "ECONNRESET"]);
  });

  test("timeout without a time lets a stream that lost nothing go on when it is removed", async () => {
    const { sender, receiver } = await pair(direction);
    const remove = await proxy.add({ kind: "timeout" }, direction);
    await remove();
    sender.socket.write("passes");
    await expect.poll(() => receiver.text, soon).toBe("passes");
  });

  test("timeout with a time closes the connection after it", async () => {
    const { sender, receiver } = await pair(direction);
    const began = performance.now();
    await proxy.add({ kind: "timeout", ms: 200 }, direction);
    sender.socket.write("lost");
    await expect.poll(() => receiver.endings.length, soon).toBeGreaterThan(0);
    expect(performance.now() - began).toBeGreaterThan(190);
    expect(receiver.text).toBe("");
  });

  test("reset_peer resets both ends after a while", async () => {
    const { sender, receiver } = await pair(direction);
    const began = performance.now();
    await proxy.add({ kind: "reset_peer", ms: 100 }, direction);
    await expect
      .poll(() => [sender.endings[0], receiver.endings[0]], soon)
      .toEqual(["ECONNRESET", "ECONNRESET"]);
    expect(performance.now() - began).toBeGreaterThan(90);
  });

  test("slicer delivers everything in small pieces", async () => {
    const { sender, receiver } = await pair(direction);
    await proxy.add({ kind: "slicer", bytes: 4, pauseMs: 5 }, direction);
    sender.socket.write("0123456789abcdef");
    await expect.poll(() => receiver.text, soon).toBe("0123456789abcdef");
    expect(receiver.pieces.length).toBeGreaterThan(1);
  });

  test("limit_data closes the connection after a number of bytes, counted for each connection", async () => {
    await proxy.add({ kind: "limit_data", bytes: 6 }, direction);
    for (let round = 0; round < 2; round++) {
      const { sender, receiver } = await pair(direction);
      sender.socket.write("0123");
      await expect.poll(() => receiver.text, soon).toBe("0123");
      sender.socket.write("4567");
      await expect.poll(() => receiver.endings.length, soon).toBeGreaterThan(0);
      expect("012345".startsWith(receiver.text)).toBe(true);
    }
  });

  test("a toxic of one direction does not affect the other", async () => {
    const { sender, receiver } = await pair(direction);
    await proxy.add({ kind: "limit_data", bytes: 1 }, other(direction));
    await proxy.add({ kind: "latency", ms: 3_600_000 }, other(direction));
    sender.socket.write("passes");
    await expect.poll(() => receiver.text, soon).toBe("passes");
  });
});

test("down ends connections and accepts none, and afterwards the same port accepts them", async () => {
  const { client } = await dial();
  const remove = await proxy.add({ kind: "down" });
  await expect.poll(() => client.endings.at(-1), soon).toBe("close");
  const refused = observe(connect(proxy.port, "127.0.0.1"));
  await expect.poll(() => refused.endings[0], soon).toBe("ECONNREFUSED");
  await remove();
  await dial();
});

test("retarget ends connections, and new ones reach the other server", async () => {
  const { client } = await dial();
  const second = createServer((socket) => socket.end("second")).listen(0, "127.0.0.1");
  await once(second, "listening");
  proxy.retarget((second.address() as { port: number }).port);
  await expect.poll(() => client.endings.at(-1), soon).toBe("close");
  const fresh = observe(connect(proxy.port, "127.0.0.1"));
  await expect.poll(() => fresh.text, soon).toBe("second");
  second.close();
});

test("heal removes all toxics", async () => {
  await proxy.add({ kind: "down" });
  await proxy.add({ kind: "latency", ms: 3_600_000 });
  await proxy.heal();
  const { client, server } = await dial();
  client.socket.write("passes");
  await expect.poll(() => server.text, soon).toBe("passes");
});
