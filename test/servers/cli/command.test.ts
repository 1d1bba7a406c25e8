import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { storeFrom } from "../../../src/stores/url.js";
import { freePort } from "../server-process.js";
import { failfast, main } from "./run.js";

let dir: string;
const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  failfast(args, { FAILFAST_STORE: `file:${dir}`, ...env });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "failfast-cli-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

// Most of the time a test waits for a process: several run at the same time.
describe.concurrent("help", () => {
  test("lists the commands, the exit codes, and a variable for each option", async () => {
    const [{ code, out }, hold, trip, helpForTrip] = await Promise.all([
      run(["--help"]),
      run(["hold", "--help"]),
      run(["trip", "--help"]),
      run(["help", "trip"]),
    ]);
    expect(code).toBe(0);
    for (const said of ["status", "doctor", "completion", "FAILFAST_STORE", "Exit codes"])
      expect(out).toContain(said);
    expect(hold.out).toContain("FAILFAST_HOLD_REASON");
    expect(trip.out).toContain("--for");
    expect(helpForTrip.out).toBe(trip.out);
  });

  test("goes to stderr, with the exit code of a wrong call, without a command", async () => {
    expect(await run([])).toMatchObject({ code: 2, out: "", err: expect.stringContaining("Usage") });
  });
});

describe.concurrent("an error says what to do", () => {
  test.each([
    [["stats"], 2, "commands are status, watch"],
    [["help", "stats"], 2, "commands are status, watch"],
    [["help", "constructor"], 2, "commands are status, watch"],
    [["completion", "constructor"], 2, "bash, zsh or fish"],
    [["status", "--verbose"], 2, "See failfast status --help"],
    [["status", "sales"], 3, "there is no circuit"],
    [["hold", "sales"], 2, "failfast hold open NAME"],
    [["hold", "open", "x", "--for", "soon", "--new"], 2, 'write "10m"'],
    [["hold", "open", "x", "--for", "25h", "--new"], 2, 'at most "24h"'],
    [["trip", "x", "--for", "1m", "--until", "2m", "--new"], 2, "leave one out"],
    [["events", "--limit", "none"], 2, "a whole number"],
  ])("failfast %j", async (args, code, said) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ code, out: "" });
    expect(ran.err).toContain(said);
  });

  test.runIf(process.platform === "linux")("if the output can't be written", async () => {
    const full = await open("/dev/full", "w");
    const child = spawn(process.execPath, [main, "--help"], { stdio: ["ignore", full.fd, "pipe"] });
    const ended = once(child, "close");
    let said = "";
    for await (const text of child.stderr ?? []) said += text;
    expect(await ended).toEqual([1, null]);
    expect(said).toMatch(/^failfast: the output could not be written: .*ENOSPC/);
    await full.close();
  });

  test("without a store", async () => {
    expect(await failfast(["status"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("FAILFAST_STORE"),
    });
  });

  test("about a store's URL in the wrong place, without its password", async () => {
    for (const args of [["redis://u:secret@h"], ["status", "redis://u:secret@h/1"]]) {
      const { code, err } = await run(args);
      expect([code === 0, err]).toEqual([false, expect.stringContaining("://\u2026@h")]);
      expect(err).not.toContain("secret");
    }
  });

  test("if the server is not reachable, and its password is in no output", async () => {
    const url = `redis://someone:secret@127.0.0.1:${await freePort()}`;
    const [ran, doctor] = await Promise.all([
      failfast(["status", "--store", url]),
      failfast(["doctor", "--store", url]),
    ]);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("failfast doctor");
    expect(doctor.code).toBe(1);
    expect(doctor.out).toMatch(/failed +reads/);
    expect(ran.out + ran.err + doctor.out + doctor.err).not.toContain("secret");
  });
});

describe.concurrent("a name", () => {
  test("that is unknown is refused, with a suggestion, unless --new confirms it", async () => {
    expect((await run(["hold", "closed", "billing_database", "--new"])).code).toBe(0);
    const ran = await run(["release", "biling_database"]);
    expect(ran).toMatchObject({
      code: 3,
      err: expect.stringContaining('did you mean "billing_database"? Add --new if the circuit'),
    });
    expect((await run(["release", "billing_database"])).code).toBe(0);
  });

  test("with a pattern means several circuits, which needs --yes", async () => {
    const trip = (name: string) => run(["trip", name, "--new"]);
    const tripped = await Promise.all(["eu:1", "eu:2", "us:1"].map(trip));
    expect(tripped.map(({ code }) => code)).toEqual([0, 0, 0]);
    const refused = await run(["reset", "eu:*"]);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("eu:1, eu:2. Add --yes") });
    expect(await run(["reset", "eu:*", "--yes"])).toMatchObject({ code: 0 });
    const { circuits } = JSON.parse((await run(["status", "--json", "?u:*", "us:1"])).out);
    const states = circuits.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`);
    expect(states.sort()).toEqual(["eu:1 closed", "eu:2 closed", "us:1 open"]);
    expect(await run(["reset", "us:*"])).toMatchObject({ code: 0 });
  });

  test("that is too long for a key is taken whole, and told apart from similar ones", async () => {
    const [one, other] = ["one", "other"].map((end) => `https://api.test/${"a/".repeat(100)}${end}`);
    for (const name of [one, other] as string[])
      expect((await run(["hold", "open", name, "--new", "--prefix", "long"])).code).toBe(0);
    expect((await run(["release", String(one), "--prefix", "long"])).code).toBe(0);
    const { circuits } = JSON.parse((await run(["status", "--json", "--prefix", "long"])).out);
    const states = circuits.map(({ state }: { state: string }) => state);
    expect(states.sort()).toEqual(["closed", "open"]);
    const [{ name }, second] = circuits;
    expect(name).not.toBe(second.name);
    const refused = await run(["release", name, "--prefix", "long"]);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("give the whole name") });
  });

  test("with control characters is printed safely, and so are a reason and an operator", async () => {
    const hostile = "a\u001b[2J\u001b]0;owned\u0007\u202egpj\r\nb\ud800";
    const reason = ["--reason", "\u001b[31mred\u0000"].slice(0, 2);
    reason[1] = "\u001b[31mred\u009b2J";
    expect((await run(["trip", "--new", "--by", "\u001b[1mroot", ...reason, "--", hostile])).code).toBe(0);
    for (const args of [["status"], ["events"], ["status", "a*"], ["doctor"]]) {
      const { out, err } = await run(args);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
      expect(out + err, args.join(" ")).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
    expect((await run(["status"])).out).toContain("a\\u001b[2J");
    const { out } = await run(["status", "--json"]);
    expect(out).not.toMatch(/[\u007f-\u009f\u202a-\u202e]/);
    expect(
      JSON.parse(out).circuits.find(({ name }: { name: string }) => name.startsWith("a\u001b[2J")),
    ).toBeDefined();
  });

  test("whose record has an impossible date is printed anyway", async () => {
    const store = await storeFrom(`file:${dir}?prefix=beyond`);
    const record = {
      v: 1,
      revision: Date.now(),
      generation: 1,
      nonce: "n",
      state: "open",
      at: 9e15,
      until: 9e15,
    };
    await store.set("circuit:far", JSON.stringify(record), 60_000);
    await store.close();
    const { code, out } = await run(["status", "far", "--prefix", "beyond"]);
    expect([code, out]).toEqual([0, expect.stringContaining("beyond all dates")]);
  });
});

describe.concurrent("colours", () => {
  test("are used in terminals, and if FORCE_COLOR asks for them", async () => {
    await run(["trip", "x", "--new"]);
    expect((await run(["status"])).out).not.toContain("\u001b[");
    expect((await run(["status"], { FORCE_COLOR: "1" })).out).toContain("\u001b[31m");
    for (const env of [{ FORCE_COLOR: "0" }, { FORCE_COLOR: "" }, { FORCE_COLOR: "1", NO_COLOR: "1" }])
      expect((await run(["status"], env)).out).not.toContain("\u001b[");
  });
});

test.concurrent("--prefix selects another fleet, and a variable can replace an option", async () => {
  await run(["trip", "only_here", "--new", "--prefix", "other"]);
  expect((await run(["status", "--json"])).out).not.toContain("only_here");
  expect((await run(["status", "--json"], { FAILFAST_PREFIX: "other" })).out).toContain("only_here");
  expect((await run(["status"], { FAILFAST_JSON: "1" })).out).toMatch(/^\{/);
});

test.concurrent.each(["bash", "zsh", "fish"])("completion for %s knows each command", async (shell) => {
  const { out, code } = await run(["completion", shell]);
  expect(code).toBe(0);
  for (const command of ["status", "hold", "doctor"]) expect(out).toContain(command);
});

test.concurrent.each(["status", "doctor", "migrate", "events"])(
  "%s ends at the first Ctrl-C, even if its store hangs",
  async (command) => {
    const connections = new Set<Socket>();
    const silent = createServer((socket) => {
      connections.add(socket);
      socket.on("error", () => undefined);
    });
    await once(silent.listen(0, "127.0.0.1"), "listening");
    try {
      const { port } = silent.address() as AddressInfo;
      const child = spawn(process.execPath, [main, command], {
        env: { PATH: process.env["PATH"], FAILFAST_STORE: `redis://127.0.0.1:${port}` },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let said = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (data) => {
          said += data;
        });
      await vi.waitFor(() => expect(connections.size).toBeGreaterThan(0), { timeout: 30_000 });
      child.kill("SIGINT");
      const [code, signal] = await once(child, "close");
      expect([code, signal]).toEqual([130, null]);
      expect(said).not.toMatch(/Error|\bat /);
    } finally {
      for (const socket of connections) socket.destroy();
      silent.close();
    }
  },
);

test.concurrent("the demo serves the page while it runs, and ends with Ctrl-C", async () => {
  const child = spawn(process.execPath, [main, "demo", "--fast", "--dashboard"], {
    env: { PATH: process.env["PATH"], TMPDIR: dir },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const url = await vi.waitFor(
    () => {
      const [, found] = /The page: (\S+)/.exec(out) ?? [];
      if (found === undefined) throw new Error("no page yet");
      return found;
    },
    { timeout: 30_000 },
  );
  expect(await (await fetch(url)).text()).toContain("<!doctype html>");
  child.kill("SIGINT");
  await exit;
  expect((await readdir(dir)).filter((name) => name.startsWith("failfast-demo"))).toEqual([]);
});
