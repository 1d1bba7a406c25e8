// Clocks that are set, event loops that are blocked, and timers that stay.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, once, start, trip } from "../world.mjs";

const OPEN = 10_000;
const HOUR = 3_600_000;

const here = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));

/** The output of a process of its own, and how it ended. */
function ask(file, library, args, within = 20_000) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = fork(here(file), [library, ...args], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    let said;
    let complaint = "";
    let killed = false;
    child.stderr.on("data", (text) => {
      complaint += text;
    });
    child.on("message", (message) => {
      said = message;
    });
    const deadline = setTimeout(() => {
      killed = true;
      child.kill("SIGKILL");
    }, within);
    child.on("exit", () => {
      clearTimeout(deadline);
      if (said === undefined) reject(new Error(`${file} said nothing: ${complaint}`));
      else resolve({ said, killed, ms: performance.now() - began });
    });
  });
}

export const times = [
  {
    name: "the host's clock is set back by an hour while it is open for 10 s",
    expected: "a probe after 10 s",
    why: "calls are rejected for an hour",
    source: "`Date.now()` in the sources of cockatiel and nestjs-resilience",
    async run({ time, make }) {
      const breaker = make({ failures: 1, open: OPEN });
      await trip(time, breaker);
      time.jump(-HOUR);
      await time.pass(OPEN + 1_500);
      const call = await once(time, breaker, "succeeds");
      expect(call.outcome === "served", "still rejecting after 11 s");
    },
  },
  {
    name: "the host's clock is set forward by an hour while it is open for 10 s",
    expected: "no call before the 10 s are over",
    why: "the backend gets all the traffic too early",
    source: "as above",
    async run({ time, make }) {
      const breaker = make({ failures: 1, open: OPEN });
      await trip(time, breaker);
      time.jump(HOUR);
      await time.pass(1_000);
      const call = start(time, breaker);
      await time.pass(10);
      expect(!call.reached, "a call got through after 1 s");
    },
  },
  {
    name: "the event loop is blocked for 400 ms, with answers in the socket and time-outs of 150 ms",
    expected: "it stays closed, and they are served",
    why: "a long garbage collection, or parsing a big JSON, looks like an outage of the backend",
    source: "mongodb NODE-3810",
    real: true,
    async run({ library }) {
      const { said } = await ask("stalled.mjs", library.name, []);
      expect(said.before === 10, `${said.before} of 10 calls were served before it`);
      const timedOut = `${said.timedOut} of ${said.calls} healthy calls timed out`;
      expect(said.open === false, `opened by it: ${timedOut}`);
      // Half of them, not all: an answer may itself be late on a busy machine.
      expect(said.timedOut <= said.calls / 2, timedOut);
    },
  },
  {
    name: "1 000 circuits, each used once",
    expected: "at most 10 timers",
    why: "with a circuit for each host or tenant, the timers add up",
    source: "nodeshift/opossum#648, PR#809",
    real: true,
    setting: "timers",
    async run({ library, configured }) {
      const { said } = await ask("idle.mjs", library.name, configured ? ["configured"] : []);
      expect(said.timers <= 10, `${said.timers} timers`);
    },
  },
  {
    name: "a script ends while its circuit is open",
    expected: "the process ends by itself",
    why: "a Lambda or a test run hangs until it is killed",
    source: "nodeshift/opossum PR#378",
    real: true,
    async run({ library }) {
      const { killed } = await ask("exits.mjs", library.name, [], 10_000);
      expect(!killed, "it was still there after 10 s");
    },
  },
];
