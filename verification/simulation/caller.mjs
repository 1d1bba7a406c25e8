// How one process calls: a block, or a function of any kind, that calls its own circuit, too.

/** The failure of the backend: one object for all, to see whether it reaches the caller. */
const BACKEND = new Error("the backend failed");

/** A caller's own mistake, which says nothing about the backend. */
export class BadInput extends Error {}
const BAD_INPUT = new BadInput("no such customer");

/** A stream: the number of items, how often one comes late, and how often its reader pauses. */
const ITEMS = 5;

/** The function called through the circuit, and what it calls through the circuit in turn. */
const STYLES = {
  nested: ["async", "async"],
  "nested-other": ["async", "run"],
  "nested-sync": ["sync", "sync"],
};

/** Calls one of the member's circuits; the outcome is checked when it comes. */
export function makeCaller(world, plan, member, circuits) {
  const { time, random, checks } = world;
  const { index, name } = member;
  const wrapped = circuits.map((circuit) => ({
    run: (work) => circuit.run(work),
    async: circuit(async (work) => work()),
    // Before its first return the library can't see that it returns a promise.
    unknown: circuit((work) => work()),
    fresh: (work) => circuit((job) => job())(work),
    sync: circuit((work) => work()),
    stream: (work) => work.read(circuit.stream((signal) => work.items(signal))),
  }));
  const sleep = (ms) => new Promise((resolve) => time.after(ms, () => member.whenAwake(resolve)));

  return function call(n, informed = false) {
    const kind = plan.kinds?.[n] ?? "run";
    const [style, inner] = STYLES[kind] ?? [kind];
    const bad = index % plan.hosts < plan.badHosts && !world.healed;
    const down = world.backendDown(n, index);
    const fails = bad || (down && !plan.slow) || (!world.healed && random() < plan.errors);
    const latency = latencyOf(fails, down);
    const ignored = plan.ignores !== undefined && random() < plan.ignores;
    const { share = 0 } = plan.firstAvailable ?? {};
    try {
      if (share > 0 && random() < share) return firstOf(n).catch(() => undefined);
      const outcome = attempt(n, { style, inner, fails, latency, bad, informed, ignored });
      if (outcome instanceof Promise) return outcome.catch(() => undefined);
    } catch {
      // It was checked.
    }
    return undefined;
  };

  function latencyOf(fails, down) {
    if (fails) return 5 + random() * 50;
    if (plan.slow && down) return 600 + random() * 2_000;
    if (plan.latencyMs !== undefined) return plan.latencyMs * (0.9 + 0.2 * random());
    return 5 + random() * (!world.healed && random() < 0.05 && !plan.slow ? 3_000 : 100);
  }

  /**
   * The first of all circuits, from this one on, that admits the call; if all are open, the one that reopens soonest.
   */
  async function firstOf(first) {
    const asked = [];
    const made = [];
    const handles = circuits.map((_, at) => {
      const n = (first + at) % circuits.length;
      const its = { n, through: false, refused: undefined };
      const fails = world.backendDown(n, index);
      const run = async (block) => {
        try {
          const how = {
            style: "run",
            fails,
            latency: latencyOf(fails, false),
            block: () => block(undefined),
          };
          return await attempt(n, { ...how, onAdmitted: () => (its.through = true) });
        } catch (error) {
          if (!its.through) its.refused = error;
          throw error;
        }
      };
      asked.push(its);
      return { its, fails, run };
    });
    const { whenAllOpen } = plan.firstAvailable;
    let ended;
    const block = async ({ its, fails }) => {
      const { through } = its;
      made.push({ ...its, through });
      if (through) return name;
      const before = checks.pastItsCircuit(member, circuits[its.n]);
      await sleep(5);
      void before();
      if (fails) throw BACKEND;
      return name;
    };
    try {
      ended = { value: await world.library.firstAvailable(handles, block, { whenAllOpen }) };
    } catch (error) {
      ended = { error };
    }
    checks.firstAvailableEnds(member, whenAllOpen, asked, made, ended);
  }

  function attempt(n, how) {
    const { style, inner, fails, bad, ignored } = how;
    const circuit = circuits[n];
    const began = checks.callBegins(member, circuit, how);
    const work = style === "sync" ? syncWork : style === "stream" ? streamWork() : asyncWork;
    let admitted;
    let outcome;
    try {
      outcome = wrapped[n][style](work);
    } catch (error) {
      checks.callReturns(member, circuit, began);
      ended({ error });
      throw error;
    }
    checks.callReturns(member, circuit, began);
    if (outcome instanceof Promise) {
      outcome.then(
        (value) => ended({ value }),
        (error) => ended({ error }),
      );
    } else ended({ value: outcome });
    return outcome;

    function begin() {
      admitted = checks.admitted(member, circuit, began, bad);
      how.onAdmitted?.();
    }
    function end() {
      checks.functionEnds(member, circuit, admitted, fails, ignored);
      if (ignored) throw BAD_INPUT;
      if (fails) throw BACKEND;
      return name;
    }
    function syncWork() {
      begin();
      if (inner !== undefined) within();
      return end();
    }
    async function asyncWork() {
      begin();
      if (admitted.probe && began.outer === undefined) world.probing(member);
      await sleep(how.latency);
      if (inner !== undefined) await within();
      await how.block?.();
      return end();
    }
    /** Its items come steadily, some of them late. If it fails, one never comes. */
    function streamWork() {
      const idleMs = 1_000 * Number.parseFloat(plan.options.idleTimeout);
      const silent = fails && random() < 0.5;
      const last = fails ? Math.floor(random() * ITEMS) : ITEMS;
      const told = {};
      async function* items(signal) {
        begin();
        await sleep(how.latency);
        for (let n = 0; n < last; n++) {
          told.gives = true;
          yield n;
          await sleep(random() < 0.2 ? 0.8 * idleMs : 10);
        }
        if (silent && last > 0) {
          told.since = time.now();
          told.signal = signal;
          checks.streamFallsSilent(member, circuit, told, idleMs);
          await new Promise(() => undefined);
        }
        end();
      }
      const read = async (stream) => {
        // The time that a reader takes is not silence of the stream.
        try {
          for await (const item of stream) if (item === 1 && random() < 0.3) await sleep(1.2 * idleMs);
          return name;
        } catch (error) {
          if (error?.name === "TimeoutError")
            checks.streamIsEnded(member, circuit, admitted, told, idleMs, error);
          throw error;
        }
      };
      return { items, read };
    }
    /** A call through the circuit inside one of its own; its error reaches the outer call. */
    function within() {
      const failed = (error) => {
        if (error === BACKEND) return;
        began.innerRejected = true;
        checks.innerRejected(member, circuit, admitted);
        throw error;
      };
      try {
        const result = attempt(n, {
          ...how,
          style: inner,
          inner: undefined,
          ignored: false,
          latency: 5,
          informed: false,
          outer: began,
        });
        return result instanceof Promise ? result.catch(failed) : result;
      } catch (error) {
        return failed(error);
      }
    }
    function ended({ value, error }) {
      const expected = ignored ? BAD_INPUT : error ? BACKEND : name;
      checks.callEnds(member, circuit, began, { value, error, expected, fails: fails || ignored === true });
    }
  }
}
