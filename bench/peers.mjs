// Other libraries with their documented settings, loaded only in the processes that measure them.

const HOUR_MS = 3_600_000;

export async function cockatiel(fn, failures = 5) {
  const { circuitBreaker, ConsecutiveBreaker, handleAll } = await import("cockatiel");
  const breaker = new ConsecutiveBreaker(failures);
  const policy = circuitBreaker(handleAll, { halfOpenAfter: HOUR_MS, breaker });
  return (n) => policy.execute(() => fn(n));
}

export async function cockatielSampling(fn) {
  const { circuitBreaker, SamplingBreaker, handleAll } = await import("cockatiel");
  const breaker = new SamplingBreaker({ threshold: 0.5, duration: 10_000 });
  const policy = circuitBreaker(handleAll, { halfOpenAfter: HOUR_MS, breaker });
  return (n) => policy.execute(() => fn(n));
}

export async function cockatielOpen(fn) {
  const call = await cockatiel(async (n) => {
    if (n === "fail") throw new Error("down");
    return fn(n);
  }, 1);
  await call("fail").catch(() => undefined);
  return call;
}

async function opossumBreaker(fn, options) {
  const { default: CircuitBreaker } = await import("opossum");
  return new CircuitBreaker(fn, options);
}

export async function opossum(fn, options) {
  const breaker = await opossumBreaker(fn, options);
  return (n) => breaker.fire(n);
}

export async function opossumOpen(fn) {
  const breaker = await opossumBreaker(fn);
  breaker.open();
  return (n) => breaker.fire(n);
}
