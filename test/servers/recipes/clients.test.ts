import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client/core";
import { HttpService } from "@nestjs/axios";
import { createTRPCClient, httpLink } from "@trpc/client";
import { initTRPC, TRPCError } from "@trpc/server";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import axios from "axios";
import got from "got";
import * as graphql16 from "graphql";
import * as graphql17 from "graphql-17";
import { GraphQLClient } from "graphql-request";
import { createFetch } from "ofetch";
import superagent from "superagent";
import { afterEach, beforeEach, expect, test } from "vitest";

// The built package, as the recipes import it.
const packageName: string = "failfast";
const { failfast, isFailfastError }: typeof import("../../../src/index.js") = await import(packageName);
const axiosName: string = "failfast/axios";
const { failfastAdapter }: typeof import("../../../src/clients/axios.js") = await import(axiosName);
// biome-ignore lint/suspicious/noExplicitAny: a recipe is JavaScript
const recipe = (name: string): Promise<any> =>
  import(new URL(`../../../examples/recipes/${name}.mjs`, import.meta.url).href);
const { fetch, throughCircuit, send } = await recipe("http-clients");

let url: string;
let requests: number;
let status: number;
let body: object;
/** Answers in another way than by `status` and `body`. */
let answer: ((response: ServerResponse) => unknown) | undefined;
let close: (() => unknown)[];
const outcome = (call: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(call).catch((error: unknown) => error);

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  close.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

beforeEach(async () => {
  close = [];
  requests = 0;
  status = 200;
  answer = undefined;
  body = { data: { ok: true } };
  url = await serve((_, response) => {
    requests++;
    if (answer !== undefined) {
      answer(response);
      return;
    }
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
});
afterEach(async () => {
  for (const each of close.reverse()) await each();
  for (const circuit of failfast.circuits()) await circuit.reset();
});

const query = "{ ok }";
const clients: Record<string, () => Promise<unknown>> = {
  ofetch: () => createFetch({ fetch })(url, { retry: 0 }),
  "graphql-request": () => new GraphQLClient(url, { fetch }).request(query),
  "Apollo Client": () =>
    new ApolloClient({ link: new HttpLink({ uri: url, fetch }), cache: new InMemoryCache() }).query({
      query: gql(query),
    }),
  got: () => got.extend({ handlers: [throughCircuit], retry: { limit: 0 } })(url),
  superagent: () => send(superagent.get(url)),
  "@nestjs/axios": () =>
    new Promise((resolve, reject) =>
      new HttpService(axios.create({ adapter })).get(url).subscribe({ next: resolve, error: reject }),
    ),
};
const adapter = failfastAdapter(axios);

test.each(Object.keys(clients))(
  "%s: five failures open the circuit, an invalid request does not, and then nothing is sent",
  async (name) => {
    const ask = clients[name] as () => Promise<unknown>;
    await ask();
    status = 404;
    for (let n = 0; n < 6; n++) await outcome(ask());
    expect(requests).toBe(7);
    status = 500;
    for (let n = 0; n < 5; n++) expect(isFailfastError(await outcome(ask()))).toBe(false);
    const error = await outcome(ask());
    expect([isFailfastError(error), requests]).toEqual([true, 12]);
  },
);

test.each(["graphql-request", "Apollo Client"])("%s: an error of GraphQL's is an answer", async (name) => {
  body = { errors: [{ message: "no such customer" }] };
  for (let n = 0; n < 7; n++) await outcome((clients[name] as () => Promise<unknown>)());
  expect(requests).toBe(7);
});

const leave =
  (ask: (signal: AbortSignal) => PromiseLike<unknown>) => async (arrived: () => Promise<void>) => {
    const controller = new AbortController();
    const call = outcome(ask(controller.signal));
    await arrived();
    controller.abort();
    await call;
  };
const cancelled: Record<string, (arrived: () => Promise<void>) => Promise<unknown>> = {
  got: leave((signal) => got.extend({ handlers: [throughCircuit], retry: { limit: 0 } })(url, { signal })),
  "got, as JSON": leave((signal) =>
    got
      .extend({ handlers: [throughCircuit] })(url, { signal })
      .json(),
  ),
  superagent: async (arrived) => {
    const request = superagent.get(url);
    const call = outcome(send(request));
    await arrived();
    request.abort();
    await call;
  },
  ofetch: leave((signal) => createFetch({ fetch })(url, { signal })),
  "graphql-request": leave((signal) => new GraphQLClient(url, { fetch, signal }).request(query)),
  "@nestjs/axios": async (arrived) => {
    const asking = new HttpService(axios.create({ adapter })).get(url).subscribe({ error: () => undefined });
    await arrived();
    asking.unsubscribe();
  },
};
const quiet = (): boolean => [...failfast.circuits()].every((circuit) => circuit.state === "closed");

test.each(Object.keys(cancelled))("%s: a call that its caller cancels counts as neither", async (name) => {
  answer = () => undefined;
  for (let n = 1; n <= 6; n++)
    await cancelled[name]?.(() => expect.poll(() => requests).toBe(n) as unknown as Promise<void>);
  expect([requests, quiet()]).toEqual([6, true]);
});

test.each(["ofetch", "graphql-request", "Apollo Client", "got", "superagent"])(
  "%s: a malformed body is an answer",
  async (name) => {
    answer = (response) => response.writeHead(200, { "content-type": "application/json" }).end("{bad");
    for (let n = 0; n < 7; n++) await outcome((clients[name] as () => Promise<unknown>)());
    expect([requests, quiet()]).toEqual([7, true]);
  },
);

test.each(["got", "superagent"])("%s: a body that breaks off is a failure", async (name) => {
  answer = (response) => {
    response.writeHead(200, { "content-length": 100 });
    response.write("some");
    setImmediate(() => response.destroy());
  };
  for (let n = 0; n < 5; n++) await outcome((clients[name] as () => Promise<unknown>)());
  expect(isFailfastError(await outcome((clients[name] as () => Promise<unknown>)()))).toBe(true);
});

test("tRPC: its client stops asking, and its server answers a rejection with 503", async () => {
  const { unavailable } = await recipe("trpc-server");
  const circuit = failfast("behind the procedure", 60);
  const t = initTRPC.create();
  const procedure = t.procedure.use(unavailable(TRPCError));
  const router = t.router({ ok: procedure.query(() => circuit.run(() => "ok")) });
  const its = await serve(createHTTPHandler({ router }));
  const client = createTRPCClient<typeof router>({ links: [httpLink({ url: its, fetch })] });
  expect(await client.ok.query()).toBe("ok");
  await circuit.trip();
  expect(await outcome(client.ok.query())).toMatchObject({
    data: { code: "SERVICE_UNAVAILABLE", httpStatus: 503 },
  });
  for (let n = 0; n < 4; n++) await outcome(client.ok.query());
  expect(isFailfastError(await outcome(client.ok.query()))).toBe(true);
});

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions: unknown }[];
}
const SCHEMA = "type Query { product: String, review: String }";

test.each<[string, (rootValue: object, source: string) => PromiseLike<Answer> | Answer]>([
  [
    "16",
    (rootValue, source) => graphql16.graphql({ schema: graphql16.buildSchema(SCHEMA), source, rootValue }),
  ],
  [
    "17",
    (rootValue, source) => graphql17.graphql({ schema: graphql17.buildSchema(SCHEMA), source, rootValue }),
  ],
])(
  "a gateway of graphql %s answers for its other subgraphs while one circuit is open",
  async (version, query) => {
    const { subgraph } = await recipe("subgraph");
    const name = `reviews of a test with ${version}`;
    const reviews = subgraph(name, url);
    const rootValue = { product: () => "shoe", review: async () => (await reviews("{ review }")).review };
    const ask = async () => await query(rootValue, "{ product review }");
    body = { data: { review: "fine" } };
    expect(await ask()).toEqual({ data: { product: "shoe", review: "fine" } });
    body = { errors: [{ message: "no such product" }] };
    for (let n = 0; n < 6; n++) await ask();
    status = 503;
    for (let n = 0; n < 5; n++) await ask();
    const { data, errors } = await ask();
    expect([data, requests]).toEqual([{ product: "shoe", review: null }, 12]);
    expect(errors?.[0]?.extensions).toMatchObject({ code: "ERR_FAILFAST_OPEN", circuit: name });
  },
);
