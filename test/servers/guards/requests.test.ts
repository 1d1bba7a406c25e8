import { once } from "node:events";
import { get, type IncomingMessage, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { clock, due, ends, failfast, state, underWay } from "./new-circuit.js";
import { type RawApp, rawApps, type Started } from "./raw-apps.js";

const PREFLIGHT = {
  method: "OPTIONS",
  headers: { Origin: "http://shop", "Access-Control-Request-Method": "POST" },
};

/** An app of that framework, for this test. */
async function startOf(
  framework: string,
  app: Omit<RawApp, "options">,
  options: RawApp["options"] = {},
): Promise<Started> {
  const start = rawApps[framework] as (typeof rawApps)[string];
  const started = await start({ ...app, options: { failfast, ...options } });
  ends.push(() => {
    started.server.close();
    if (!app.http2) started.server.closeAllConnections();
  });
  return started;
}

/** A request whose answer does not matter. */
function ask(url: string) {
  const asked = get(url, { agent: false });
  asked.on("error", () => undefined);
  asked.on("response", (answer) => answer.on("error", () => undefined).resume());
  ends.push(() => asked.destroy());
  return asked;
}

function askRaw(url: string, lines = ""): Socket {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  socket.write(`GET / HTTP/1.1\r\nHost: shop\r\n${lines}\r\n`);
  ends.push(() => socket.destroy());
  return socket;
}

describe.each(Object.keys(rawApps))("%s", (framework) => {
  const start = (act: RawApp["act"], before?: RawApp["act"]): Promise<Started> =>
    startOf(framework, { act, ...(before && { before }) });

  test("keeps no lease for a client that left before its request reached the guard", async () => {
    let first: ServerResponse | undefined;
    let entered = 0;
    const { url } = await start(
      (response) => {
        entered++;
        response.end("answered");
      },
      async (response) => {
        if (first !== undefined) return;
        first = response;
        await once(response, "close");
      },
    );
    await due();
    const asked = ask(url);
    await expect.poll(() => first).toBeDefined();
    asked.destroy();
    await expect.poll(() => entered).toBe(1);
    await expect.poll(async () => (await fetch(url)).status).toBe(200);
    expect([state(), underWay()]).toEqual(["closed", 0]);
  });

  test("counts an error after the answer has begun as a failure", async () => {
    const { url } = await start((response) => {
      response.write("some");
      throw new Error("broken");
    });
    ask(url);
    await expect.poll(() => state()).toBe("open");
  });

  test("counts an answer that the route destroys, or that a server time-out cuts off, as a failure", async () => {
    let hangs = false;
    const { url, server } = await start((response) => {
      if (hangs) return once(response, "close");
      response.write("some");
      return response.destroy();
    });
    ask(url);
    await expect.poll(() => state()).toBe("open");
    await failfast("app").reset();
    hangs = true;
    server.setTimeout(20);
    // On a busy machine it may also cut off a request that has not arrived yet.
    await expect
      .poll(() => {
        ask(url);
        return state();
      })
      .toBe("open");
  });

  test("counts as neither a client that resets or ends the connection, and a server that closes", async () => {
    let entered = 0;
    const { url, server } = await start((response) => {
      entered++;
      response.write("some");
      return once(response, "close");
    });
    for (const leave of [
      (socket: Socket) => socket.resetAndDestroy(),
      (socket: Socket) => socket.end(),
      () => {
        server.close();
        server.closeAllConnections();
      },
    ]) {
      const before = entered;
      const socket = askRaw(url);
      await expect.poll(() => entered).toBe(before + 1);
      leave(socket);
      await expect.poll(underWay).toBe(0);
      expect(state()).toBe("closed");
    }
  });

  test.each<[string, (response: ServerResponse, client: Socket) => unknown]>([
    ["stalls until a time-out of the server", (response) => response.req.setTimeout(1)],
    ["is malformed", (_, client) => client.write("no chunk\r\n")],
    ["the route refuses to read", (response) => response.req.destroy()],
  ])("counts an upload that %s as neither", async (_, cut) => {
    let response: ServerResponse | undefined;
    const { url, server } = await start(
      (answer) => once(answer, "close"),
      (answer) => {
        response = answer;
      },
    );
    server.on("clientError", (_error, socket) => socket.destroy());
    const { port, hostname } = new URL(url);
    const client = connect(Number(port), hostname);
    client.on("error", () => undefined);
    ends.push(() => client.destroy());
    const head =
      "POST / HTTP/1.1\r\nHost: shop\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.write(`${head}1\r\nx\r\n`);
    await expect.poll(underWay).toBe(1);
    cut(response as never, client);
    await expect.poll(underWay).toBe(0);
    expect(state()).toBe("closed");
  });

  test("lets a preflight through, which neither closes the circuit nor takes its probe", async () => {
    const { url } = await start((response) => {
      response.statusCode = response.req.method === "OPTIONS" ? 204 : 500;
      response.end();
    });
    expect((await fetch(url)).status).toBe(500);
    expect([(await fetch(url, PREFLIGHT)).status, state()]).toEqual([204, "open"]);
    await clock.advance(31_000);
    expect([(await fetch(url, PREFLIGHT)).status, state()]).toEqual([204, "half-open"]);
    expect([(await fetch(url)).status, (await fetch(url)).status]).toEqual([500, 503]);
  });

  test.each([
    [
      "by writeHead",
      (response: ServerResponse) => response.writeHead(200, { "Content-Type": "text/event-stream" }),
    ],
    [
      "by pairs",
      (response: ServerResponse) => response.writeHead(200, ["Content-type", "text/event-stream"]),
    ],
    [
      "set before",
      (response: ServerResponse) => response.setHeader("content-type", "Text/Event-Stream; charset=utf-8"),
    ],
  ])("counts a stream of events when it begins, %s", async (_, head) => {
    const { url } = await start((response) => {
      head(response);
      response.write("data: 1\n\n");
      return once(response, "close");
    });
    await due();
    ask(url);
    await expect.poll(() => state()).toBe("closed");
    expect(underWay()).toBe(0);
  });

  test("counts a stream of events that begins with 500 as a failure", async () => {
    const { url } = await start((response) => {
      response.writeHead(500, { "content-type": "text/event-stream" });
      response.end("data: broken\n\n");
    });
    await (await fetch(url)).text();
    await expect.poll(() => state()).toBe("open");
  });

  test.each([
    ["an object", { "Retry-After": "30" }],
    ["pairs", ["content-type", "text/plain", "retry-after", "30"]],
    ["a reason and an object", "Busy", { "retry-After": 30 }],
  ])("counts 503 with Retry-After given to writeHead as neither, by %s", async (_, ...head) => {
    const { url } = await start((response) => {
      response.writeHead(503, ...(head as [never]));
      response.end();
    });
    for (const wanted of ["closed", "half-open"]) {
      const answer = await fetch(url);
      expect([answer.status, answer.headers.get("retry-after"), state()]).toEqual([503, "30", wanted]);
      await expect.poll(underWay).toBe(0);
      if (wanted === "closed") await due();
    }
    expect(state()).toBe("half-open");
  });

  test("counts a request that asks for a WebSocket and gets none like any other", async () => {
    const { url } = await start((response) => {
      response.statusCode = 500;
      response.end();
    });
    askRaw(url, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    await expect.poll(() => state()).toBe("open");
  });

  test("counts a request that becomes a WebSocket as neither, and keeps no lease for it", async () => {
    let entered = 0;
    const { url, server } = await start((response) => {
      entered++;
      return once(response, "close");
    });
    // As frameworks' WebSocket plugins pass such requests to their routes.
    server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
      const response = new ServerResponse(request);
      response.assignSocket(socket);
      server.emit("request", request, response);
      ends.push(() => socket.destroy());
    });
    await due();
    askRaw(url, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    await expect.poll(() => entered).toBe(1);
    await expect.poll(underWay).toBe(0);
    expect(state()).toBe("half-open");
  });

  test("answers a rejected HEAD, or an upload that nobody reads, on a connection that stays open", async () => {
    const { url } = await start((response) => response.end());
    await failfast("app", 30).trip();
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, head.headers.get("Retry-After"), await head.text()]).toEqual([503, "30", ""]);
    for (let n = 0; n < 3; n++) {
      const posted = await fetch(url, { method: "POST", body: "x".repeat(1_000_000) });
      expect([posted.status, ((await posted.json()) as { retryAfter: number }).retryAfter]).toEqual([
        503, 30,
      ]);
    }
  });
});

test.each([
  [
    "throws",
    () => {
      throw new Error("of the predicate");
    },
  ],
  ["gives a promise", async () => true],
])("ignores a predicate of statuses that %s", async (_, failed) => {
  const { url } = await startOf(
    "Express 5",
    { act: (response) => response.end() },
    { failed: failed as never },
  );
  expect([(await fetch(url)).status, (await fetch(url)).status, state()]).toEqual([200, 200, "closed"]);
});

test("counts as neither an answer that its client does not read until a server time-out cuts it off", async () => {
  let entered: ServerResponse | undefined;
  const { url, server } = await startOf("Express 5", {
    act(response) {
      entered = response;
      response.write("x".repeat(50_000_000));
      return once(response, "close");
    },
  });
  server.setTimeout(50);
  askRaw(url).pause();
  await expect.poll(() => entered?.destroyed).toBe(true);
  expect([underWay(), state()]).toEqual([0, "closed"]);
});
