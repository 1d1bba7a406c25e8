import { afterEach, describe, expect, test } from "vitest";
import { type ManualClock, manualClock } from "../testing/index.js";
import { type Dashboard, dashboardOf } from "./dashboard.js";
import { AT, circuitOf, type FakeFleet, fakeFleet, processOf } from "./fleet.fixture.js";
import { toNodeListener } from "./node.js";

interface Message {
  readonly event: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire.
  readonly data: any;
}

interface Viewer {
  next(): Promise<Message>;
  leave(): Promise<void>;
  ended(): Promise<boolean>;
}

let fleet: FakeFleet;
let clock: ManualClock;
let page: Dashboard;
function start(circuits = [circuitOf("a"), circuitOf("b")], authorize?: () => boolean): void {
  fleet = fakeFleet(circuits);
  clock = manualClock();
  page = dashboardOf(() => fleet, authorize ? { authorize } : {}, clock);
}
afterEach(() => page.close());

async function look(lastId?: string): Promise<Viewer> {
  const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
  const answer = await page(new Request("http://x/live", { headers }));
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  return {
    async next() {
      const { value } = await reader.read();
      const text = new TextDecoder().decode(value);
      const field = (name: string): string | undefined =>
        text
          .split("\n")
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      return { event: field("event") ?? "", id: field("id"), data: JSON.parse(field("data") ?? "null") };
    },
    leave: () => reader.cancel(),
    ended: async () => (await reader.read()).done,
  };
}

async function begun(): Promise<{ viewer: Viewer; id: string }> {
  const viewer = await look();
  expect(await viewer.next()).toMatchObject({ event: "hello" });
  const { id = "" } = await viewer.next();
  return { viewer, id };
}

describe("a stream", () => {
  test("begins with the viewer's name and a full snapshot", async () => {
    start();
    const viewer = await look();
    expect(await viewer.next()).toMatchObject({ event: "hello", data: { may: false } });
    const { event, id, data } = await viewer.next();
    expect([event, typeof id]).toEqual(["snapshot", "string"]);
    expect(data).toMatchObject({
      at: AT,
      store: { up: true },
      circuits: [{ name: "a" }, { name: "b" }],
      processes: [],
    });
  });

  test("says whether the viewer may act", async () => {
    start([], () => true);
    expect((await (await look()).next()).data).toMatchObject({ may: true });
  });

  test("continues with changes only", async () => {
    const [a, b] = [circuitOf("a"), circuitOf("b")];
    start([a, b]);
    const { viewer } = await begun();
    fleet.set({ circuits: [a, circuitOf("b", { state: "open" })], processes: [processOf("h/1")] });
    await clock.advance(250);
    const change = await viewer.next();
    expect(change.event).toBe("change");
    expect(change.data.circuits).toEqual([expect.objectContaining({ name: "b", state: "open" })]);
    expect(change.data.processes).toEqual([expect.objectContaining({ id: "h/1" })]);
    fleet.set({ circuits: [a], processes: [] });
    await clock.advance(250);
    expect((await viewer.next()).data).toMatchObject({
      circuits: [],
      goneCircuits: ["b"],
      processes: [],
      goneProcesses: ["h/1"],
    });
  });

  test("combines quick changes into one message", async () => {
    start();
    const { viewer } = await begun();
    for (const reopens of [1, 2, 3]) fleet.set({ circuits: [circuitOf("a", { reopens })] });
    await clock.advance(250);
    expect((await viewer.next()).data.circuits).toEqual([expect.objectContaining({ reopens: 3 })]);
    fleet.set({ circuits: [] });
    await clock.advance(250);
    expect((await viewer.next()).data.goneCircuits).toEqual(["a"]);
  });

  test("carries names with a meaning in JavaScript, HTML or the stream's format", async () => {
    const names = [
      "__proto__",
      "constructor",
      "</script><script>",
      "a\n\ndata: {}\nevent: hello",
      "\u2028",
      "",
    ];
    start(names.map((name) => circuitOf(name, { reason: name })));
    const viewer = await look();
    await viewer.next();
    const { data } = await viewer.next();
    expect(data.circuits.map(({ name }: { name: string }) => name)).toEqual(names);
  });

  test("reports a store's error without the password in its address", async () => {
    start();
    const { viewer } = await begun();
    fleet.set({
      store: { up: false, since: AT, latencyMs: undefined, error: "no answer of redis://me:secret@h:1/" },
    });
    await clock.advance(250);
    const { data } = await viewer.next();
    expect(data.store).toEqual({ up: false, since: AT, error: "no answer of redis://\u2026@h:1/" });
  });

  test("sends a heartbeat while nothing changes", async () => {
    start();
    const { viewer } = await begun();
    await clock.advance(5_000);
    expect(await viewer.next()).toMatchObject({ event: "beat", id: undefined });
    await clock.advance(5_000);
    expect((await viewer.next()).event).toBe("beat");
  });

  test("ends after five minutes, so that a sign-out takes effect", async () => {
    start();
    const { viewer } = await begun();
    await clock.advance(300_000);
    for (let beat = 0; beat < 59; beat++) await viewer.next();
    let ended = false;
    for (let more = 0; more < 2 && !ended; more++) ended = await viewer.ended();
    expect(ended).toBe(true);
  });

  test("ends for a viewer who does not read, and continues for the others", async () => {
    start();
    const slow = await begun();
    const other = await begun();
    for (let reopens = 1; reopens <= 300; reopens++) {
      fleet.set({ circuits: [circuitOf("a", { reopens })] });
      await clock.advance(250);
      for (let seen = -1; seen < reopens; ) {
        const { event, data } = await other.viewer.next();
        if (event === "change") seen = data.circuits[0].reopens;
      }
    }
    let messages = 0;
    while (!(await slow.viewer.ended())) messages++;
    expect(messages).toBeLessThan(300);
  });
});

describe("a viewer who was disconnected", () => {
  const reopensOf = async (viewer: Viewer): Promise<number> => {
    const { event, data } = await viewer.next();
    expect(event).toBe("change");
    return data.circuits[0].reopens;
  };

  test("gets the missed changes in order, even if nobody else was connected", async () => {
    start();
    const { viewer, id } = await begun();
    await viewer.leave();
    for (const reopens of [1, 2]) {
      fleet.set({ circuits: [circuitOf("a", { reopens })] });
      await clock.advance(250);
    }
    const again = await look(id);
    expect((await again.next()).event).toBe("hello");
    expect([await reopensOf(again), await reopensOf(again)]).toEqual([1, 2]);
  });

  test("gets no change twice", async () => {
    start();
    const { viewer } = await begun();
    fleet.set({ circuits: [circuitOf("a", { reopens: 1 })] });
    await clock.advance(250);
    const { id = "" } = await viewer.next();
    await viewer.leave();
    const again = await look(id);
    await again.next();
    fleet.set({ circuits: [circuitOf("a", { reopens: 2 })] });
    await clock.advance(250);
    expect(await reopensOf(again)).toBe(2);
  });

  test.each([
    ["missed more than is kept", 121, 250, undefined],
    ["was away for minutes, with nobody else looking", 1, 61_000, undefined],
    ["has the id of another process", 1, 250, "other-1"],
    ["has an invalid id", 1, 250, "-"],
    ["has an id of the future", 1, 250, "future"],
  ])("gets a full snapshot if it %s", async (_, changes, ms, lastId) => {
    start();
    const { viewer, id } = await begun();
    await viewer.leave();
    for (let reopens = 1; reopens <= changes; reopens++) {
      fleet.set({ circuits: [circuitOf("a", { reopens })] });
      await clock.advance(ms);
    }
    const again = await look(lastId === "future" ? id.replace(/-.*/, "-999") : (lastId ?? id));
    await again.next();
    const { event, data } = await again.next();
    expect([event, data.circuits[0].reopens]).toEqual(["snapshot", changes]);
  });
});

describe("the number of viewers", () => {
  test("is limited, and a viewer who leaves makes room", async () => {
    start();
    const viewers: Viewer[] = [];
    for (let at = 0; at < 200; at++) viewers.push(await look());
    const refused = await page(new Request("http://x/live"));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
    await viewers[0]?.leave();
    await look();
  });

  test("is limited for viewers who connect at the same moment", async () => {
    start();
    let answer = (): void => {};
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    fleet.ready = () => asked;
    const coming = Array.from({ length: 210 }, () => page(new Request("http://x/live")));
    answer();
    const answers = await Promise.all(coming);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(10);
    for (const { body } of answers) await body?.cancel();
  });

  test("does not include those who disconnected before the answer, on Node's server", async () => {
    start();
    const gone = new Set<Promise<void>>();
    for (let at = 0; at < 200; at++) {
      const request = { method: "GET", url: "/live", headers: {}, async *[Symbol.asyncIterator]() {} };
      let end = (): void => {};
      gone.add(
        new Promise((resolve) => {
          end = resolve;
        }),
      );
      toNodeListener(page)(request, {
        destroyed: true,
        headersSent: true,
        once: () => {},
        writeHead: () => {},
        flushHeaders: () => end(),
        write: () => true,
        end: () => {},
      });
    }
    await Promise.all(gone);
    await look();
  });

  test("leaves no timer behind once the page is closed", async () => {
    start();
    const { viewer } = await begun();
    fleet.set({ circuits: [] });
    await page.close();
    expect(clock.pending).toBe(0);
    expect(await viewer.ended()).toBe(true);
  });
});
