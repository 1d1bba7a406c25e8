// Tests for every runtime: plain functions that use nothing of a runtime's own. Each throws if it fails.
import {
  createFailfast,
  FailfastError,
  failfast,
  firstAvailable,
  isFailfastError,
  memoryStore,
  TimeoutError,
} from "failfast";
import { failfastFetch } from "failfast/fetch";
import { manualClock, storeContract } from "failfast/testing";

const down = async () => {
  throw new Error("down");
};
const same = (actual, expected, what = "it") => {
  if (actual !== expected) throw new Error(`${what} is ${String(actual)}, not ${String(expected)}`);
};
const errorOf = async (call) => {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

const own = {
  async "a failure opens the circuit, and the next call is rejected"() {
    const salesApi = createFailfast()("sales_api", 60);
    same((await errorOf(salesApi.run(down))).message, "down");
    const rejection = await errorOf(salesApi.run(async () => 1));
    same(rejection instanceof FailfastError && isFailfastError(rejection), true, "the rejection");
    same(rejection.status, 503, "its status");
    same(salesApi.state, "open", "the state");
  },
  async "time passes, one call probes, and the circuit closes"() {
    const clock = manualClock();
    const salesApi = createFailfast({ clock })("sales_api", 60);
    await errorOf(salesApi.run(down));
    await clock.advance(61_000);
    same(salesApi.state, "half-open", "the state");
    same(await salesApi.run(async () => "works"), "works");
    same(salesApi.state, "closed", "the state");
  },
  async "a wrapped function stays sync, with its this and arguments"() {
    const double = createFailfast()("double", 60)(function (n) {
      return n * this.rate;
    });
    same(double.call({ rate: 2 }, 21), 42);
  },
  async "a call that hangs is ended by its time-out, and its signal aborted"() {
    const salesApi = createFailfast()("sales_api", 60, { callTimeout: "30ms" });
    let aborted = false;
    const hangs = (signal) =>
      new Promise(() => {
        signal.addEventListener("abort", () => {
          aborted = true;
        });
      });
    same((await errorOf(salesApi.run(hangs))) instanceof TimeoutError, true, "the error");
    same(aborted, true, "aborted");
  },
  async "a caller's own abort is no failure"() {
    const salesApi = createFailfast()("sales_api", 60);
    const controller = new AbortController();
    const call = salesApi.run(
      (signal) => new Promise((_, no) => signal.addEventListener("abort", () => no(signal.reason))),
      {
        signal: controller.signal,
      },
    );
    controller.abort();
    await errorOf(call);
    same(salesApi.state, "closed", "the state");
  },
  async "two members of a fleet share an open circuit and its reset"() {
    const store = memoryStore();
    const [here, there] = [createFailfast({ store }), createFailfast({ store })];
    await errorOf(here("sales_api", 60).run(down));
    await here.settled();
    await there.ready();
    same((await errorOf(there("sales_api", 60).run(async () => 1))).code, "ERR_FAILFAST_OPEN");
    same((await there("sales_api").reset()).stored, true, "stored");
    same(await here("sales_api").run(async () => 1), 1);
    await Promise.all([here.close(), there.close()]);
  },
  async "a circuit for each name, a fallback, an event, the first that is available"() {
    const each = createFailfast();
    const byHost = each((host) => `api:${host}`, 60, { fallback: (_error, host) => `no ${host}` });
    const call = byHost(async (host) => (host === "eu" ? down() : host));
    const events = [];
    each.on("open", ({ circuit }) => events.push(circuit));
    await errorOf(call("eu"));
    same(await call("eu"), "no eu");
    same(await call("us"), "us");
    same(events.join(), "api:eu", "the events");
    const [first, second] = ["one", "two"].map((name) => each(name, 60));
    await first.trip();
    same(await firstAvailable([first, second], (circuit) => circuit.name), "two");
  },
  async "a stream that breaks off is a failure"() {
    const salesApi = createFailfast()("sales_api", 60);
    const items = salesApi.stream(async function* () {
      yield "one";
      throw new Error("down");
    });
    let read = "";
    const reading = async () => {
      for await (const item of items) read += item;
    };
    same((await errorOf(reading())).message, "down");
    same(read, "one");
    same(salesApi.state, "open", "the state");
  },
  async "a guarded fetch counts what a host answers"() {
    const answer = async () => new Response("", { status: 503 });
    const guarded = failfastFetch({ failfast: createFailfast(), timeout: 60, consecutive: 2, fetch: answer });
    for (let call = 0; call < 2; call++) same((await guarded("http://backend.test/")).status, 503);
    same((await errorOf(guarded("http://backend.test/"))).circuit, "http://backend.test", "the circuit");
  },
  async "a name looks a circuit up"() {
    const salesApi = failfast("shared", 60);
    await failfast("shared").trip();
    same(salesApi.state, "open", "the state");
  },
};

export async function runSuite() {
  const store = memoryStore();
  const contract = storeContract(() => store);
  const cases = [...Object.entries(own), ...contract.map(({ name, run }) => [`memoryStore, ${name}`, run])];
  const failed = [];
  const left = [...cases];
  const oneAfterAnother = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      await next[1]().catch((error) => failed.push(`${next[0]}: ${error?.message ?? error}`));
  };
  await Promise.all(Array.from({ length: 8 }, oneAfterAnother));
  return { cases: cases.length, failed };
}
