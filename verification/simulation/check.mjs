// The recovery check of one process: it fails or hangs while the backend is down.

/** A process dies during some of its checks. */
const DIES = 0.3;

export function makeCheck(world, plan, member) {
  const { time, random, checks } = world;
  const sleep = (ms) => new Promise((resolve) => time.after(ms, () => member.whenAwake(resolve)));

  return async function check(signal, name) {
    const n = Number(name.slice(1));
    const late = checks.checkBegins(member, name);
    world.probing(member);
    // A result after that is ignored.
    signal.addEventListener("abort", () => {
      late();
      checks.checkEnds(member, name);
    });
    try {
      if (plan.check.dies && !world.healed && random() < DIES) world.crash(member.index, 1_000);
      const bad = member.index % plan.hosts < plan.badHosts && !world.healed;
      const down = bad || world.backendDown(n, member.index);
      if (down && plan.check.hangs && !plan.slow)
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      await sleep(down && plan.slow ? 600 + random() * 2_000 : plan.check.ms);
      if (down && !plan.slow) throw new Error("the check failed");
      if (!signal.aborted) void checks.checkSucceeds(member, name);
    } finally {
      late();
      checks.checkEnds(member, name);
    }
  };
}
