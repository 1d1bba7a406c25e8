import { describe, expect, test } from "vitest";
import { decodeName } from "../protocol/decode-name.js";
import { encodeName } from "../protocol/key.js";
import { type ManualClock, manualClock } from "../testing/index.js";
import { type Dashboard, type DashboardOptions, dashboard, dashboardOf } from "./dashboard.js";
import { pageAnswer } from "./document.js";
import { circuitOf, type FakeFleet, fakeFleet } from "./fleet.fixture.js";
import { ACTION_HEADER } from "./messages.js";

const SITE = "https://ops.example.com";

interface Mounted {
  readonly page: Dashboard;
  readonly fleet: FakeFleet;
  readonly clock: ManualClock;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  act(body: unknown, headers?: Record<string, string | undefined>): Promise<Response>;
}

function mount(options: Omit<DashboardOptions, "store" | "failfast"> = {}): Mounted {
  const fleet = fakeFleet([circuitOf("sales"), circuitOf("<script>alert(1)</script>")]);
  const clock = manualClock();
  const page = dashboardOf(() => fleet, options, clock);
  const base = SITE + (options.basePath ?? "");
  return {
    page,
    fleet,
    clock,
    get: (path, headers = {}) => page(new Request(base + path, { headers })),
    act(body, more = {}) {
      const headers = new Headers();
      const own = { "content-type": "application/json", [ACTION_HEADER]: "1", origin: SITE };
      for (const [name, value] of Object.entries({ ...own, ...more }))
        if (value !== undefined) headers.set(name, value);
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return page(new Request(`${base}/act`, { method: "POST", headers, body: text }));
    },
  };
}

const hold = { verb: "hold", holds: "open", circuit: "sales", reason: "migration", forMs: 600_000 };
const operator = { authorize: () => true };

test("each viewer is told what that viewer may do", async () => {
  const { get } = mount({ authorize: ({ headers }) => headers.get("cookie") === "maria" });
  const may = async (cookie: string): Promise<boolean> =>
    ((await (await get("/hello", { cookie })).json()) as { may: boolean }).may;
  expect([await may("maria"), await may("somebody"), await may("maria")]).toEqual([true, false, true]);
});

describe("an action on the dashboard", () => {
  test("is forbidden without authorize", async () => {
    const { act, fleet } = mount();
    expect((await act(hold)).status).toBe(403);
    expect(fleet.asked).toEqual([]);
  });

  test.each([
    ["false", () => false],
    ["undefined", () => undefined],
    ["an empty name", () => ""],
    ["a promise of false", async () => false],
    [
      "an error",
      () => {
        throw new Error("no session");
      },
    ],
    ["a rejected promise", () => Promise.reject(new Error("no session"))],
    ["neither a name nor true", () => 1 as unknown as boolean],
  ])("is forbidden if authorize gives %s", async (_, authorize) => {
    const { act, fleet } = mount({ authorize });
    expect((await act(hold)).status).toBe(403);
    expect(fleet.asked).toEqual([]);
  });

  test("is done if authorize allows it: every verb, with its reason and its time", async () => {
    const { act, fleet } = mount(operator);
    expect(await (await act(hold)).json()).toEqual({ stored: true });
    await act({ verb: "hold", holds: "closed", circuit: "sales", reason: " r " });
    await act({ verb: "trip", circuit: "sales", reason: "r", forMs: 5_000 });
    await act({ verb: "reset", circuit: "sales", reason: "r" });
    await act({ verb: "release", circuit: "sales", reason: "r" });
    expect(fleet.asked).toEqual([
      ["hold", "sales", "open", { reason: "migration", until: "600000ms" }],
      ["hold", "sales", "closed", { reason: "r" }],
      ["trip", "sales", { reason: "r", for: "5000ms" }],
      ["reset", "sales", { reason: "r" }],
      ["release", "sales", { reason: "r" }],
    ]);
  });

  test("works on several circuits at once, if all are known, up to 200", async () => {
    const { act, fleet } = mount(operator);
    const both = { ...hold, others: ["<script>alert(1)</script>", "sales"] };
    expect(await (await act(both)).json()).toEqual({ stored: true });
    expect(fleet.asked.map(([, name]) => name)).toEqual(["sales", "<script>alert(1)</script>"]);
    expect((await act({ ...hold, others: ["nobody"] })).status).toBe(404);
    for (const others of ["sales", [1], Array.from({ length: 200 }, (_, at) => `c${at}`)])
      expect((await act({ ...hold, others })).status).toBe(400);
    expect(fleet.asked).toHaveLength(2);
    fleet.act = async () => ({ stored: false });
    const { stored, error } = (await (await act(both)).json()) as { stored: boolean; error: string };
    expect([stored, error]).toEqual([false, "the store did not accept 2 of 2"]);
  });

  test("is recorded under the name that authorize returns, which gets the request", async () => {
    const authorize = ({ headers }: Request): string | undefined => headers.get("x-user") ?? undefined;
    const { act, fleet } = mount({ authorize });
    expect((await act(hold)).status).toBe(403);
    expect((await act(hold, { "x-user": "maria" })).status).toBe(200);
    expect(fleet.asked).toEqual([
      ["hold", "sales", "open", { reason: "migration", until: "600000ms", by: "maria" }],
    ]);
  });
});

describe("another site", () => {
  test.each<[string, Record<string, string | undefined>]>([
    ["a form's content type", { "content-type": "text/plain" }],
    ["no content type", { "content-type": "application/x-www-form-urlencoded" }],
    ["no header of ours", { [ACTION_HEADER]: undefined }],
    ["no origin", { origin: undefined }],
    ["an origin of its own", { origin: "https://evil.example.com" }],
    ["an opaque origin", { origin: "null" }],
    ["our host on another port", { origin: `${SITE}:8443` }],
    ["a browser that says cross-site", { "sec-fetch-site": "cross-site" }],
    ["a browser that says same-site", { "sec-fetch-site": "same-site" }],
  ])("can't act with %s", async (_, headers) => {
    const { act, fleet } = mount(operator);
    expect([403, 415]).toContain((await act(hold, headers)).status);
    expect(fleet.asked).toEqual([]);
  });

  test("differs from the page itself, which can act, also behind a proxy if its address is given", async () => {
    const { act } = mount(operator);
    expect((await act(hold, { "sec-fetch-site": "same-origin" })).status).toBe(200);
    expect((await act(hold, { host: "10.0.0.7:3000" })).status).toBe(403);
    const proxied = mount({ ...operator, origin: `${SITE.toUpperCase()}/` });
    expect((await proxied.act(hold, { host: "10.0.0.7:3000" })).status).toBe(200);
    expect((await proxied.act(hold, { host: "10.0.0.7:3000", origin: "https://evil.example" })).status).toBe(
      403,
    );
  });

  test("can't act by using its own name for this server, if the page's address is given", async () => {
    const { act } = mount({ ...operator, origin: "https://ops.example.org" });
    expect((await act(hold, { host: "ops.example.com", "sec-fetch-site": "same-origin" })).status).toBe(403);
  });

  test("can't read the stream, the trail or what the viewer may do", async () => {
    const { get } = mount();
    for (const path of ["/live", "/audit", "/hello"])
      expect((await get(path, { "sec-fetch-site": "cross-site" })).status).toBe(403);
  });

  test("can't frame the page, and the page loads nothing from elsewhere: every answer has the headers", async () => {
    const { get, act } = mount();
    for (const answer of [await get("/"), await get("/nowhere"), await get("/audit"), await act(hold)]) {
      expect(answer.headers.get("content-security-policy")).toMatch(
        /default-src 'none'.*frame-ancestors 'none'/,
      );
      expect(answer.headers.get("x-frame-options")).toBe("DENY");
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      expect(answer.headers.get("cache-control")).toContain("no-store");
    }
  });
});

describe("a request for an action", () => {
  test.each<[string, unknown]>([
    ["no JSON", "{"],
    ["no object", "null"],
    ["no such verb", { ...hold, verb: "close" }],
    ["a verb of every object", { ...hold, verb: "constructor" }],
    ["no name", { ...hold, circuit: 7 }],
    ["no reason", { ...hold, reason: " " }],
    ["a reason without end", { ...hold, reason: "x".repeat(501) }],
    ["a hold of neither", { ...hold, holds: "half-open" }],
    ["a time over a day", { ...hold, forMs: 86_400_001 }],
    ["a time below a second", { ...hold, forMs: 0 }],
    ["an invalid time", { ...hold, forMs: "10m" }],
    ["a time for a release", { verb: "release", circuit: "sales", reason: "r", forMs: 5_000 }],
    ["a body without end", JSON.stringify({ ...hold, circuit: "x".repeat(300_000) })],
  ])("is refused with a sentence: %s", async (_, body) => {
    const { act, fleet } = mount(operator);
    const answer = await act(body);
    expect([answer.status, typeof ((await answer.json()) as { error: unknown }).error]).toEqual([
      400,
      "string",
    ]);
    expect(fleet.asked).toEqual([]);
  });

  test("works for any circuit that the fleet knows, whatever its name", async () => {
    const { act } = mount(operator);
    expect((await act({ ...hold, circuit: "misspelt" })).status).toBe(404);
    expect((await act({ ...hold, circuit: "<script>alert(1)</script>" })).status).toBe(200);
  });

  test("is refused for a name that the store has shortened, because another circuit's may begin the same", async () => {
    const { act, fleet } = mount(operator);
    const cut = decodeName(encodeName(`https://${"very-".repeat(40)}long`));
    fleet.set({ circuits: [circuitOf(cut), circuitOf("short\u20261234abcd")] });
    expect((await act({ ...hold, circuit: cut })).status).toBe(409);
    expect((await act({ ...hold, circuit: "short\u20261234abcd" })).status).toBe(200);
  });

  test("that the store refuses says so, without the store's message", async () => {
    const { act, fleet } = mount(operator);
    fleet.act = () => Promise.reject(new Error("redis://:secret@host refused"));
    const answer = await act(hold);
    expect([answer.status, await answer.text()]).toEqual([502, expect.not.stringContaining("secret")]);
    fleet.act = async () => ({ stored: false });
    expect(await (await act(hold)).json()).toEqual({ stored: false });
  });

  test("is limited in number, and those who may not act use nothing of the limit up", async () => {
    const { act, clock } = mount({ authorize: ({ headers }) => headers.has("x-user") });
    for (let time = 0; time < 20; time++) expect((await act(hold)).status).toBe(403);
    const user = { "x-user": "maria" };
    for (let time = 0; time < 10; time++) expect((await act(hold, user)).status).toBe(200);
    const refused = await act(hold, user);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"]);
    await clock.advance(2_000);
    expect((await act(hold, user)).status).toBe(200);
    expect((await act(hold, user)).status).toBe(429);
  });

  test("is limited for each person, so that one does not block the others", async () => {
    const { act } = mount({ authorize: ({ headers }) => headers.get("x-user") ?? undefined });
    for (let time = 0; time < 10; time++) expect((await act(hold, { "x-user": "maria" })).status).toBe(200);
    expect((await act(hold, { "x-user": "maria" })).status).toBe(429);
    expect((await act(hold, { "x-user": "tom" })).status).toBe(200);
  });

  test("must be a POST, and other paths take no POST", async () => {
    const { get, page } = mount(operator);
    expect((await get("/act")).headers.get("allow")).toBe("POST");
    const posted = await page(new Request(`${SITE}/live`, { method: "POST" }));
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("the place where it is mounted", () => {
  test.each(["/circuits", "/circuits/", "/ops/circuits"])(
    "is %s, and nothing answers elsewhere",
    async (basePath) => {
      const { page } = mount({ basePath });
      const base = SITE + basePath.replace(/\/$/, "");
      const status = async (url: string): Promise<number> => (await page(new Request(url))).status;
      expect(await status(`${base}/audit`)).toBe(200);
      expect(await status(`${SITE}/audit`)).toBe(404);
      expect(await status(`${base}evil/audit`)).toBe(404);
      expect(await status(`${base}/audit/`)).toBe(404);
    },
  );

  test("must be a path, authorize a function and fleet a fleet", () => {
    expect(() => mount({ basePath: "circuits" })).toThrow(/begins with a slash/);
    expect(() => mount({ authorize: true as never })).toThrow(/a function/);
    for (const origin of ["ops.example.com", "file:///a", 7 as never])
      expect(() => mount({ origin })).toThrow(/origin takes an address/);
    expect(() => dashboard({})).toThrow(/a store or a failfast/);
  });

  test("causes no store operation before the first request, and none after close()", async () => {
    const fleet = fakeFleet();
    let observed = 0;
    const observe = (): FakeFleet => {
      observed++;
      return fleet;
    };
    const page = dashboardOf(observe, {}, manualClock());
    expect(observed).toBe(0);
    await Promise.all([page(new Request(SITE)), page(new Request(SITE))]);
    expect(observed).toBe(1);
    await page.close();
    expect(fleet.closed).toBe(true);
  });
});

describe("the page", () => {
  test("runs only its own script and style, by their hashes", async () => {
    const answer = pageAnswer({ script: "1", scriptHash: "abc", style: "a{}", styleHash: "def" });
    expect(await answer.text()).toContain('<script type="module">1</script>');
    const policy = answer.headers.get("content-security-policy");
    expect(policy).toContain("script-src 'sha256-abc';");
    expect(policy).toContain("style-src 'sha256-def';");
    expect(policy).not.toContain("unsafe");
  });

  test("reads the trail once a second for all viewers, and says if the store does not answer", async () => {
    const { get, fleet, clock } = mount();
    fleet.trail.push({ at: 1, verb: "hold", circuit: "sales", by: "maria", reason: "r", until: undefined });
    const answers = await Promise.all([get("/audit"), get("/audit"), get("/audit")]);
    expect(await answers[2]?.json()).toMatchObject({ entries: [{ by: "maria" }] });
    expect(fleet.reads).toBe(1);
    fleet.events = () => Promise.reject(new Error("redis://:secret@host"));
    await clock.advance(1_000);
    const refused = await get("/audit");
    expect([refused.status, await refused.text()]).toEqual([502, expect.not.stringContaining("secret")]);
  });
});
