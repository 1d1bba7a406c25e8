// After their own time-out clients abort a request by a signal, and don't say why.
import ky from "ky";
import OpenAI from "openai";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failfastFetch } from "../../../src/clients/fetch.js";
import { isFailfastError } from "../../../src/index.js";
import { type Backend, outcome, startBackend } from "./backend.js";

let backend: Backend;
beforeEach(async () => {
  backend = await startBackend();
  backend.handle = () => undefined;
});
afterEach(() => backend.close());

type Call = (signal?: AbortSignal) => Promise<unknown>;
const clients: Record<string, () => Call> = {
  ky() {
    const client = ky.create({ fetch: guarded(), timeout: false, retry: 0 });
    return (signal) => client.get(backend.origin, { signal: signal ?? null });
  },
  openai() {
    const client = new OpenAI({ apiKey: "x", baseURL: backend.origin, fetch: guarded(), maxRetries: 0 });
    return async (signal) => client.models.list({ signal });
  },
};
const guarded = (): typeof globalThis.fetch =>
  failfastFetch({ failfast: backend.failfast, callTimeout: "10s" });

test.each(Object.entries(clients))(
  "callTimeout instead of %s's own time-out is a failure",
  async (_, make) => {
    const call = make();
    const late = outcome(call());
    await expect.poll(() => backend.requests).toBe(1);
    await backend.clock.advance(10_100);
    expect(await late).toBeInstanceOf(Error);
    expect(backend.state()).toBe("open");
    expect(isFailfastError(await outcome(call()))).toBe(true);
  },
);

test.each(Object.entries(clients))("an abort of %s's caller counts as neither", async (_, make) => {
  const caller = new AbortController();
  const call = outcome(make()(caller.signal));
  await expect.poll(() => backend.requests).toBe(1);
  caller.abort();
  expect(await call).toBeInstanceOf(Error);
  expect(backend.state()).toBe("closed");
});
