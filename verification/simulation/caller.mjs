// How one process calls: a block, or a function of any kind, that calls its own circuit, too.

/** The failure of the backend: the same object for all, so that it is seen whether it reaches its caller. */
const BACKEND = new Error("the backend failed");

/** What is called through the circuit, and what that calls through it in turn. */
const STYLES = {
  nested: ["async", "async"],
  "nested-other": ["async", "run"],
  "nested-sync": ["sync", "sync"],
};

/** What calls a circuit of the member's; what came of it is checked as it happens. */
export function makeCaller(world, plan, member, circuits) {
  const { time, random, checks } = world;
  const { index, name } = member;
  const wrapped = circuits.map((circuit) => ({
    run: (work) => circuit.run(work),
    async: circuit(async (work) => work()),
    // The library can't see that it gives a promise before it did so once.
    unknown: circuit((work) => work()),
    fresh: (work) => circuit((job) => job())(work),
    sync: circuit((work) => work()),
  }));
  const sleep = (ms) => new Promise((resolve) => time.after(ms, () => member.whenAwake(resolve)));

  return function call(n, informed = false) {
    const kind = plan.kinds?.[n] ?? "run";
    const [style, inner] = STYLES[kind] ?? [kind];
    const bad = index % plan.hosts < plan.badHosts && !world.healed;
    const down = world.backendDown(n, index);
    const fails = bad || (down && !plan.slow) || (!world.healed && random() < plan.errors);
    const latency = latencyOf(fails, down);
    try {
      const outcome = attempt(n, { style, inner, fails, latency, bad, informed });
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

  function attempt(n, how) {
    const { style, inner, fails, bad } = how;
    const circuit = circuits[n];
    const began = checks.calling(member, circuit, how);
    const work = style === "sync" ? syncWork : asyncWork;
    let admitted;
    let outcome;
    try {
      outcome = wrapped[n][style](work);
    } catch (error) {
      checks.called(member, circuit, began);
      ended({ error });
      throw error;
    }
    checks.called(member, circuit, began);
    if (outcome instanceof Promise) {
      outcome.then(
        (value) => ended({ value }),
        (error) => ended({ error }),
      );
    } else ended({ value: outcome });
    return outcome;

    function begin() {
      admitted = checks.admitted(member, circuit, began, bad);
    }
    function end() {
      checks.ending(member, circuit, admitted, fails);
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
      return end();
    }
    /** A call through the circuit from within one of its own; what it throws comes to the outer one's caller. */
    function within() {
      const failed = (error) => {
        if (error === BACKEND) return;
        began.innerRejected = true;
        checks.left(member, circuit, admitted);
        throw error;
      };
      try {
        const result = attempt(n, { ...how, style: inner, inner: undefined, latency: 5, outer: began });
        return result instanceof Promise ? result.catch(failed) : result;
      } catch (error) {
        return failed(error);
      }
    }
    function ended({ value, error }) {
      checks.ended(member, circuit, began, { value, error, expected: error ? BACKEND : name, fails });
    }
  }
}
