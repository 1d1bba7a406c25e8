// What the demo does, step by step, and what it prints.
import { setTimeout as pause } from "node:timers/promises";
import { start } from "./children.mjs";
import { startLoad, summarise } from "./load.mjs";
import { act, bold, green, ms, plural, red, say, table, yellow } from "./terminal.mjs";

const WORKERS = 4;
const PER_SECOND = 25;
const ROOM = 20;
const TIMEOUT_MS = 1_000;
/** Seconds. The circuit stays open a little longer than the backend hangs. */
const PACE = { healthy: 3, hanging: 6, open: 6 };
const FAST = { healthy: 1, hanging: 3, open: 3 };
/** Deadlines: they are long because other programs may keep the processor busy. */
const NEWS_MS = 10_000;
/** Seconds. */
const WARM_WITHIN = 20;
const CLOSES_WITHIN = 14;
/** Seconds between the repair of the backend and the first probe. */
const MARGIN = 0.5;
/** More seconds for a store without push, which processes poll. */
const POLLED = 1.5;

/** The first connections and the compiler take a second, and longer on a busy machine. */
async function warmUp(load) {
  for (let seconds = 0; seconds < WARM_WITHIN; seconds++) {
    await pause(1_000);
    const { requests, served, p99 } = summarise(load.take());
    if (served === requests && p99 < TIMEOUT_MS / 4) return;
  }
}

/**
 * Returns the answers from the time when the backend hung, without failfast and with it: when each request was made (in ms since
 * the backend began to hang), how long it took, and its outcome.
 *
 * @throws if something goes otherwise than expected, with a sentence that says what.
 */
export async function tell({ place, title, fast }) {
  const later = place.polls ? POLLED : 0;
  const { healthy: well, hanging, open } = fast ? FAST : PACE;
  const pace = { healthy: well, hanging: hanging + later, open: open + later };
  console.log(bold("failfast: four processes, a backend that hangs, and a shared store"));
  const backend = await start("The backend", "backend.mjs");
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, (_, index) => {
      const url = `http://127.0.0.1:${backend.port}/`;
      const settings = { backend: url, place, open: pace.open, timeoutMs: TIMEOUT_MS, room: ROOM };
      return start(`Worker ${index + 1}`, "worker.mjs", { worker: index + 1, ...settings });
    }),
  );
  const events = (type) =>
    workers
      .flatMap((worker) => worker.events.filter((event) => event.type === type))
      .sort((a, b) => a.at - b.at);
  const operations = async (kind) => {
    const counts = await Promise.all(workers.map((worker) => worker.ask()));
    return counts.reduce((sum, each) => sum + each.operations[kind], 0);
  };
  const claim = (holds, otherwise) => {
    if (holds) return;
    const [down] = events("store-down");
    const store = down ? ` The store failed worker ${down.worker}: ${down.error}.` : "";
    throw new Error(`The demo went otherwise than expected: ${otherwise}${store}`);
  };

  say(`the store is ${title}`);
  say(
    `${WORKERS} workers, each with ${PER_SECOND} requests/s, at most ${ROOM} at a time, and a time-out of ${TIMEOUT_MS} ms`,
  );
  const load = startLoad(
    workers.map(({ port }) => port),
    PER_SECOND,
  );
  await warmUp(load);

  act("1. The backend is healthy");
  const healthy = summarise(await watch(load, pace.healthy));
  claim(healthy.served === healthy.requests, "not every request was served by a healthy backend.");

  act("2. The backend hangs, without failfast");
  const bare = await hang(
    () => true,
    () => pace.hanging - 1 - later,
  );
  const { calls: bareCalls } = await backend.ask({ hang: false });
  claim(
    bare.some(({ outcome }) => outcome === "timed out"),
    "no call timed out in a backend that hangs.",
  );
  await warmUp(load); // By then, the calls that hung have timed out.
  say("the backend answers again");
  load.take();

  act("3. The backend hangs, with failfast");
  await Promise.all(workers.map((worker) => worker.ask({ guard: true })));
  const opsAtFirst = await operations("others");
  const guardedHealthy = summarise(await watch(load, pace.healthy));
  const opsOfSuccesses = (await operations("others")) - opsAtFirst;
  say(`${guardedHealthy.served} successes made ${plural(opsOfSuccesses, "store operation")}`);
  claim(events("open").length === 0, "a worker tripped on a healthy backend.");

  const [guarded, { first, news, opsOfRejections, rejections }] = await Promise.all([
    hang(
      () => knowing() === WORKERS,
      () => Math.min(pace.hanging - 1 - later, openFor() - MARGIN),
    ),
    trips(),
  ]);
  const knew = new Map(events("open").map(({ worker, at }) => [worker, at]));
  const { calls: guardedCalls } = await backend.ask({ hang: false });
  const lateCalls = guardedCalls.filter(({ worker, sent }) => sent > knew.get(worker)).length;
  const others = guardedCalls.filter(({ worker }) => worker !== first.worker).length;
  say(`${guardedCalls.length} calls reached the backend, ${others} of them from the other three workers`);
  claim(
    lateCalls === 0,
    `${plural(lateCalls, "call")} went to the hanging backend although the worker knew that the circuit was open.`,
  );
  claim(
    others === 0,
    `${plural(others, "call")} went to the hanging backend from workers that had only to read the shared state.`,
  );
  claim(
    guardedCalls.length < bareCalls.length,
    "as many calls reached the hanging backend with failfast as without.",
  );
  say(`${plural(rejections, "rejection")} made ${plural(opsOfRejections, "store operation")}`);

  act("4. The backend is healthy again");
  const before = events("close").length;
  await watchUntil(
    load,
    () =>
      new Set(
        events("close")
          .slice(before)
          .map(({ worker }) => worker),
      ).size === WORKERS,
    pace.open + CLOSES_WITHIN,
  );
  const closings = events("close").slice(before);
  claim(
    new Set(closings.map(({ worker }) => worker)).size === WORKERS,
    "not every worker closed the circuit again.",
  );
  const [closing, ...followers] = closings;
  const { calls } = await backend.ask({});
  const probes = calls.filter(({ sent }) => sent < closing.at);
  say(green(`worker ${closing.worker}: its probe succeeded, and closes the circuit`));
  for (const { worker, at } of followers)
    say(green(`worker ${worker}: closed too, ${ms(at - closing.at)} later`));
  // On a busy machine the store answers late, and then each process may send a probe of its own.
  claim(
    probes.length >= 1 && probes.length <= WORKERS,
    `${plural(probes.length, "call")} reached the backend before the circuit closed.`,
  );
  const closedAt = Math.max(...closings.map(({ at }) => at));
  const recovered = summarise((await watch(load, 1)).filter(({ at }) => at > closedAt));
  claim(recovered.failedFast === 0, "calls still failed fast after the circuit had closed.");
  load.stop();

  act("The result");
  const without = summarise(bare);
  const withIt = summarise(guarded);
  table([
    [`while the backend hung, ${pace.hanging} s`, "without", "with failfast"],
    ["requests", without.requests, withIt.requests],
    ["p50 latency", ms(without.p50), ms(withIt.p50)],
    ["p99 latency, after all four knew", ms(without.p99), ms(summarise(afterTrip(guarded, knew)).p99)],
    ["timed out", without.timedOut, withIt.timedOut],
    ["refused: too many at a time", without.noRoom, withIt.noRoom],
    ["failed fast", "-", withIt.failedFast],
    ["calls that reached the hanging backend", bareCalls.length, guardedCalls.length],
    ["probes, all four workers", "-", probes.length],
    ["from the trip until the others knew", "-", news.map(ms).join(", ")],
    [
      "store operations / calls, without polls",
      "-",
      perCall(opsOfSuccesses + opsOfRejections, guardedHealthy.served + rejections),
    ],
  ]);
  await Promise.all(workers.map((worker) => worker.ask({ finish: true })));
  const closedBy = probes.length === 1 ? "one probe" : `${probes.length} probes`;
  console.log(
    green(
      `\nThe failure in one process opened the circuit for all four, and ${closedBy} closed it for all four.`,
    ),
  );
  return { without: sinceTheFirst(bare), with: sinceTheFirst(guarded) };

  /**
   * The backend hangs. First only worker 1 gets requests, until `enough()`; this shows who learns what from whom. Then all
   * four get requests, for `seconds()`.
   */
  async function hang(enough, seconds) {
    load.only([workers[0].port]);
    await until(load.othersAnswered, () => {}, NEWS_MS);
    await backend.ask({ hang: true });
    say(red("the backend hangs; only worker 1 calls it"));
    const alone = await watch(load, TIMEOUT_MS / 1_000 + 0.1 + later);
    alone.push(...(await watchUntil(load, enough, NEWS_MS / 1_000)));
    load.only(workers.map(({ port }) => port));
    say("all four workers get requests");
    return [...alone, ...(await watch(load, seconds()))];
  }

  function knowing() {
    return new Set(events("open").map(({ worker }) => worker)).size;
  }

  /** The number of seconds that the circuit still stays open. */
  function openFor() {
    const [first] = events("open");
    return pace.open - (performance.timeOrigin + performance.now() - (first?.at ?? 0)) / 1_000;
  }

  /** Waits until the circuit trips and all workers know it, then counts the store operations of rejections. */
  async function trips() {
    await until(
      () => events("open").length > 0,
      () => claim(false, "no worker tripped."),
      TIMEOUT_MS + NEWS_MS,
    );
    await until(
      () => knowing() === WORKERS,
      () => claim(false, `only ${knowing()} of ${WORKERS} workers learned that the circuit is open.`),
      NEWS_MS,
    );
    const [first, ...others] = events("open");
    claim(first.local, "a worker knew of a trip before any worker tripped.");
    say(yellow(`worker ${first.worker}: a call timed out, and trips the circuit`));
    for (const { worker, at, local } of others) {
      const how = local ? "tripped by itself" : "knows it from the store";
      say(yellow(`worker ${worker}: ${how}, ${ms(at - first.at)} later`));
    }
    const told = others.filter(({ local }) => !local);
    claim(told.length === WORKERS - 1, "a worker tripped by itself before it read the shared state.");
    await pause(500); // Until concurrent writes are done.
    const operationsThen = await operations("others");
    const rejectedThen = await rejected();
    await pause((pace.hanging - later - 2) * 1_000 - 300);
    const rejections = (await rejected()) - rejectedThen;
    const opsOfRejections = (await operations("others")) - operationsThen;
    return { first, news: told.map(({ at }) => at - first.at), opsOfRejections, rejections };
  }

  async function rejected() {
    const counts = await Promise.all(workers.map((worker) => worker.ask()));
    return counts.reduce((sum, each) => sum + each.rejected, 0);
  }
}

/** Prints a line each second about the requests; returns the answers. */
async function watch(load, seconds) {
  const all = [];
  for (let left = seconds; left > 0; left -= 1) {
    await pause(left < 2 ? left * 1_000 : 1_000);
    all.push(...tellSecond(load));
    if (left < 2) break;
  }
  return all;
}

async function watchUntil(load, done, seconds) {
  const all = [];
  for (let second = 0; second < seconds && !done(); second++) {
    await until(done, () => {}, 1_000);
    all.push(...tellSecond(load));
  }
  return all;
}

function tellSecond(load) {
  const answers = load.take();
  const { requests, p50, p99, timedOut, noRoom, failedFast } = summarise(answers);
  const bad = [
    [timedOut, "timed out"],
    [noRoom, "too many at a time"],
    [failedFast, "failed fast"],
  ].flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []));
  const paint = timedOut + noRoom > 0 ? red : failedFast > 0 ? yellow : green;
  const line = `${String(requests).padStart(4)} answers   p50 ${ms(p50).padStart(8)}   p99 ${ms(p99).padStart(8)}   `;
  say(line + paint(bad.join(", ") || "all served"));
  return answers;
}

/** Requests made after every worker knew. */
function afterTrip(answers, knew) {
  const all = Math.max(...knew.values());
  return answers.filter(({ at }) => at > all);
}

function sinceTheFirst(answers) {
  const first = Math.min(...answers.map(({ at }) => at));
  return answers.map(({ at, ms: took, outcome }) => ({ at: at - first, ms: took, outcome }));
}

const perCall = (operations, calls) => `${operations} / ${calls}`;

async function until(done, otherwise, deadlineMs) {
  const deadline = performance.now() + deadlineMs;
  while (!done()) {
    if (performance.now() > deadline) return otherwise();
    await pause(1);
  }
}
