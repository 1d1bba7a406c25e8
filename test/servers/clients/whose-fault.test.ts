// A failure of another host, or of the caller itself, does not count for the host that was called.
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import axios from "axios";
import ky from "ky";
import { Agent, interceptors, request, fetch as undiciFetch } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failfastAdapter } from "../../../src/clients/axios.js";
import { failfastFetch } from "../../../src/clients/fetch.js";
import { failfastInterceptor } from "../../../src/clients/undici.js";
import { answer, type Backend, type Handle, outcome, startBackend } from "./backend.js";

let backend: Backend;
let other: Server;
let elsewhere: string;
let handle: Handle;
let asked: import("node:http").IncomingMessage[];
beforeEach(async () => {
  backend = await startBackend();
  asked = [];
  handle = answer(200, {}, "there");
  other = createServer((request, response) => {
    asked.push(request);
    handle(request, response);
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  backend.handle = (request, response) => {
    if (request.url === "/moved") response.writeHead(302, { Location: `${elsewhere}/new` }).end();
    else if (request.url === "/here") response.writeHead(302, { Location: "/broken" }).end();
    else if (request.url === "/broken") response.writeHead(500).end();
    else response.end("here");
  };
});
afterEach(async () => {
  other.closeAllConnections();
  other.close();
  await backend.close();
});

type Get = (url: string, options?: { headers?: Record<string, string> }) => Promise<unknown>;

/** Clients that follow redirects. The guard sees each hop of those above the line. */
const following: Record<string, () => Get> = {
  failfastFetch: () => failfastFetch({ failfast: backend.failfast }) as Get,
  "failfastFetch with a deadline": () =>
    failfastFetch({ failfast: backend.failfast, callTimeout: "1m" }) as Get,
  "failfastFetch to the end of the body": () =>
    failfastFetch({ failfast: backend.failfast, body: true }) as Get,
  "ky over it": () => {
    const client = ky.create({ fetch: failfastFetch({ failfast: backend.failfast }), retry: 0 });
    return (url, options) => client.get(url, options) as Promise<unknown>;
  },
  axios: () => {
    const client = axios.create({ adapter: failfastAdapter(axios, { failfast: backend.failfast }) });
    return (url, options) => client.get(url, options);
  },
  "axios that gives failed answers": () => {
    const adapter = failfastAdapter(axios, { failfast: backend.failfast });
    const client = axios.create({ adapter, validateStatus: () => true });
    return (url, options) => client.get(url, options);
  },
  "undici, redirects outside": () => {
    const guard = failfastInterceptor({ failfast: backend.failfast });
    const dispatcher = new Agent().compose(guard, interceptors.redirect({ maxRedirections: 5 }));
    return async (url, options) => (await request(url, { dispatcher, ...options })).body.dump();
  },
  "undici, redirects within": () => {
    const guard = failfastInterceptor({ failfast: backend.failfast });
    const dispatcher = new Agent().compose(interceptors.redirect({ maxRedirections: 5 }), guard);
    return async (url, options) => (await request(url, { dispatcher, ...options })).body.dump();
  },
  "fetch over undici": () => {
    const dispatcher = new Agent().compose(failfastInterceptor({ failfast: backend.failfast }));
    return (url, options) => undiciFetch(url, { dispatcher, ...options });
  },
};

describe.each(Object.entries(following))("a redirect to another host, by %s", (_, make) => {
  let get: Get;
  beforeEach(() => {
    get = make();
  });
  const fine = async (): Promise<void> => {
    await get(`${backend.origin}/`);
    expect(backend.state()).toBe("closed");
  };

  test("that is down does not open the circuit of the first host", async () => {
    await new Promise((resolve) => other.close(resolve));
    for (let n = 0; n < 3; n++) await outcome(get(`${backend.origin}/moved`));
    await fine();
  });

  test("that breaks off does not open the circuit of the first host", async () => {
    handle = (request) => request.socket.destroy();
    await outcome(get(`${backend.origin}/moved`));
    await fine();
  });

  test("that answers with 500 does not open the circuit of the first host", async () => {
    handle = answer(500);
    await outcome(get(`${backend.origin}/moved`));
    await fine();
  });

  test("that works is a success", async () => {
    await get(`${backend.origin}/moved`);
    expect(asked.map(({ url }) => url)).toEqual(["/new"]);
    await fine();
  });

  test("does not get a secret that was meant for the first host", async () => {
    await get(`${backend.origin}/moved`, {
      headers: { authorization: "Bearer x", cookie: "a=b", "x-id": "7" },
    });
    expect(asked[0]?.headers).toMatchObject({ "x-id": "7" });
    expect(asked[0]?.headers).not.toHaveProperty("authorization");
    expect(asked[0]?.headers).not.toHaveProperty("cookie");
  });

  test("on the same host counts for that host", async () => {
    await outcome(get(`${backend.origin}/here`));
    expect(backend.state()).toBe("open");
  });
});

describe.each([false, true])("failfastFetch follows redirects as fetch does, with body: %s", (body) => {
  const both = async (path: string, init?: RequestInit): Promise<unknown[]> => {
    const fetch = failfastFetch({ failfast: backend.failfast, body });
    const told = async (call: Promise<Response>): Promise<unknown> => {
      const response = await call.catch((error: Error) => error);
      if (response instanceof Error) return [response.name, response.message];
      const clones = [response.clone().clone(), response];
      return clones
        .map(({ status, url, redirected, type }) => [status, url, redirected, type])
        .concat([await Promise.all(clones.map((each) => each.text()))]);
    };
    return [
      await told(fetch(backend.origin + path, init)),
      await told(globalThis.fetch(backend.origin + path, init)),
    ];
  };
  const routes: Record<string, Record<string, string>> = {
    "/relative": { Location: "/a?b#c" },
    "/none": {},
    "/no-url": { Location: "http://" },
    "/other-scheme": { Location: "ftp://127.0.0.1/" },
    "/round": { Location: "/round" },
  };
  beforeEach(() => {
    backend.handle = ({ url = "", method }, response) => {
      const headers = routes[url];
      if (headers) response.writeHead(Number(method === "HEAD" ? 303 : 302), headers).end("moved");
      else response.end(`${method} ${url}`);
    };
  });

  test.each(Object.keys(routes))("%s", async (path) => {
    for (const init of [{}, { method: "HEAD" }, { redirect: "manual" }, { redirect: "error" }]) {
      const [ours, its] = await both(`${path}#fragment`, init as RequestInit);
      expect(ours).toEqual(its);
    }
  });

  test("an integrity is that of the last answer", async () => {
    const integrity = `sha256-${createHash("sha256").update("GET /a?b").digest("base64")}`;
    for (const path of ["/a?b", "/relative"]) {
      const [ours, its] = await both(path, { integrity });
      expect(ours).toEqual(its);
      expect(JSON.stringify(ours)).toContain("GET /a?b");
    }
  });

  test("one circuit for all does not count failures of the host that a redirect leads to", async () => {
    backend.handle = (_, response) => void response.writeHead(302, { Location: elsewhere }).end();
    handle = answer(500);
    const fetch = failfastFetch({ failfast: backend.failfast, name: "sales_api" });
    expect((await fetch(backend.origin)).status).toBe(500);
    expect(backend.state("sales_api")).toBe("closed");
  });

  test("the circuit of the host that a redirect leads to applies", async () => {
    backend.handle = (_, response) => void response.writeHead(302, { Location: elsewhere }).end();
    handle = answer(500);
    const fetch = failfastFetch({ failfast: backend.failfast });
    await fetch(backend.origin);
    expect(await outcome(fetch(backend.origin))).toMatchObject({ circuit: elsewhere });
    expect(asked).toHaveLength(1);
  });
});

/** Sends the data of a stream. */
const uploading: Record<string, (stream: () => AsyncGenerator<Uint8Array>) => Promise<unknown>> = {
  "failfastFetch, a generator": (body) => post({ body: body() }),
  "failfastFetch, a stream of Node's": (body) => post({ body: Readable.from(body()) }),
  "failfastFetch, a web stream": (body) => post({ body: Readable.toWeb(Readable.from(body())) }),
  "failfastFetch to the end of the body": (body) => post({ body: body() }, { body: true }),
  "failfastFetch, a Request": (body) =>
    failfastFetch({ failfast: backend.failfast })(
      new Request(backend.origin, { method: "POST", body: body(), duplex: "half" } as never),
    ),
  "ky over it": (body) =>
    ky.post(backend.origin, {
      fetch: failfastFetch({ failfast: backend.failfast }),
      body: Readable.toWeb(Readable.from(body())) as never,
      retry: 0,
    }) as Promise<unknown>,
  axios: (body) =>
    axios
      .create({ adapter: failfastAdapter(axios, { failfast: backend.failfast }) })
      .post(backend.origin, Readable.from(body())),
  "axios over its fetch": (body) =>
    axios
      .create({ adapter: failfastAdapter(axios, { failfast: backend.failfast, adapter: "fetch" }) })
      .post(backend.origin, Readable.from(body())),
  "undici, a generator": (body) => dispatched(body() as never),
  "undici, a stream of Node's": (body) => dispatched(Readable.from(body())),
  "fetch over undici": (body) =>
    undiciFetch(backend.origin, {
      method: "POST",
      body: body(),
      duplex: "half",
      dispatcher: new Agent().compose(failfastInterceptor({ failfast: backend.failfast })),
    } as never),
};
const post = (init: object, options: object = {}): Promise<unknown> =>
  failfastFetch({ failfast: backend.failfast, ...options })(backend.origin, {
    method: "POST",
    duplex: "half",
    ...init,
  } as never);
const dispatched = (body: Readable): Promise<unknown> =>
  request(backend.origin, {
    method: "POST",
    body,
    dispatcher: new Agent().compose(failfastInterceptor({ failfast: backend.failfast })),
  });

describe.each(Object.entries(uploading))("an upload by %s", (_, upload) => {
  beforeEach(() => {
    backend.handle = (request, response) => {
      request.on("error", () => undefined);
      request.resume().on("end", () => response.end("taken"));
    };
  });
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("some");
    throw new Error("no more of it");
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("some");
    yield Buffer.from("more");
  }

  test("that breaks off is its caller's own failure", async () => {
    expect(await outcome(upload(broken))).toBeInstanceOf(Error);
    expect(backend.state()).toBe("closed");
    await upload(whole);
  });

  test("that the backend breaks off is the backend's failure", async () => {
    backend.handle = (request) => request.socket.destroy();
    expect(await outcome(upload(whole))).toBeInstanceOf(Error);
    expect(backend.state()).toBe("open");
  });
});

describe("the naming function gets the request's headers", () => {
  const name = (url: URL, method: string, { headers }: { headers: { get(name: string): string | null } }) =>
    `${method} ${url.pathname} ${headers.get("X-Tenant") ?? "nobody"}`;
  const headers = { "x-tenant": "ann" };
  const asking: Record<string, () => Promise<unknown>> = {
    failfastFetch: () =>
      failfastFetch({ failfast: backend.failfast, name })(`${backend.origin}/a`, { headers }),
    "failfastFetch, a Request": () =>
      failfastFetch({ failfast: backend.failfast, name })(new Request(`${backend.origin}/a`, { headers })),
    axios: () =>
      axios
        .create({ adapter: failfastAdapter(axios, { failfast: backend.failfast, name }) })
        .get(`${backend.origin}/a`, { headers }),
    "undici, an object": () => asked1({ "X-TENANT": "ann" }),
    "undici, a list": () => asked1(["X-Tenant", "ann"]),
    "undici, pairs": () => asked1(new Map([["x-tenant", "ann"]])),
    "fetch over undici": () =>
      undiciFetch(`${backend.origin}/a`, {
        headers,
        dispatcher: new Agent().compose(failfastInterceptor({ failfast: backend.failfast, name })),
      }),
  };
  const asked1 = (its: unknown): Promise<unknown> =>
    request(`${backend.origin}/a`, {
      headers: its as never,
      dispatcher: new Agent().compose(failfastInterceptor({ failfast: backend.failfast, name })),
    });

  test.each(Object.entries(asking))("from %s", async (_, ask) => {
    await ask();
    expect([...backend.failfast.circuits()].map((circuit) => circuit.name)).toEqual(["GET /a ann"]);
  });
});
