// The heap of a closed circuit that was used once.
import { createFailfast } from "failfast";

const COUNT = 100_000;
const names = Array.from({ length: COUNT }, (_, at) => `api-host-${at}`);
const heap = () => {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
};

async function measure(prepare) {
  const use = await prepare();
  await use("warm-up");
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = heap();
  const kept = [];
  for (const name of names) kept.push(await use(name));
  const bytes = (heap() - before) / COUNT;
  const added = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length - timers;
  return { bytes, timers: added, kept: kept.length };
}

process.send({
  named: await measure(() => {
    const call = createFailfast()((name) => name, 60, { maxCircuits: 200_000 })(async () => 1);
    return async (name) => void (await call(name));
  }),
  handle: await measure(() => {
    const failfast = createFailfast();
    return async (name) => {
      const call = failfast(name, 60)(async () => 1);
      await call();
      return call;
    };
  }),
  cockatiel: await measure(async () => {
    const { circuitBreaker, ConsecutiveBreaker, handleAll } = await import("cockatiel");
    return async () => {
      const policy = circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(5) });
      await policy.execute(async () => 1);
      return policy;
    };
  }),
});
