// One process of a fleet, and then of the next: does what its parent says, and reports what it sees and when.
import { createFailfast, isFailfastError } from "failfast";

let failfast;
let circuit;
const ends = [];
const now = () => performance.timeOrigin + performance.now();
const say = (message) => process.send?.(message);

async function connect({ kind, where, prefix }) {
  if (kind === "file") {
    const { fileStore } = await import("failfast/file");
    return fileStore(where);
  }
  if (kind === "postgres") {
    const { storeFrom } = await import("failfast/url");
    const store = await storeFrom(where);
    ends.push(() => store.close());
    return store;
  }
  const [{ redisStore }, { createClient }] = await Promise.all([import("failfast/redis"), import("redis")]);
  const client = createClient({ url: where });
  client.on("error", () => {});
  await client.connect();
  ends.push(() => client.destroy());
  return redisStore(client, prefix === undefined ? {} : { prefix });
}

/** The shortest time that a call waits for its lease, in ms. */
const SHORTEST_WAIT_MS = 20;

const orders = {
  /** Becomes a process of a fleet. */
  join: async ({ host, open, options, ...subject }) => {
    failfast = createFailfast({ store: await connect(subject), host });
    circuit = failfast("backend", open, options);
    for (const type of ["open", "half-open", "close", "store-down", "store-up"])
      failfast.on(type, ({ local }) => say({ type, local, at: now() }));
    await failfast.ready();
    return {};
  },
  /** Is of no fleet any more. */
  leave: async () => {
    await failfast.close();
    for (const end of ends.splice(0)) await end();
    return {};
  },
  trip: async (of) => {
    const at = now();
    await circuit.run(() => Promise.reject(Object.assign(new Error("down"), of))).catch(() => {});
    return { at };
  },
  succeed: async () => {
    await circuit.run(() => 1).catch(() => {});
    return {};
  },
  reset: () => circuit.reset(),
  state: async () => ({
    state: circuit.state,
    held: circuit.held,
    retryAfter: circuit.retryAfter,
    pending: circuit.snapshot().pending,
    generation: circuit.snapshot().generation,
    reason: circuit.snapshot().reason,
    inFlight: circuit.snapshot().inFlight,
  }),
  /** Calls the backend at a steady rate from now on, without waiting for answers. */
  steady: async ({ url, everyMs }) => {
    const steady = setInterval(() => {
      circuit.run((signal) => fetch(url, { signal }).then((response) => response.text())).catch(() => {});
    }, everyMs);
    ends.push(() => clearInterval(steady));
    return {};
  },
  /** Calls the backend through the circuit for a time, or until told to stop. */
  load: async ({ url, ms, fails = false }) => {
    const counts = { ok: 0, rejected: 0, failed: 0, unexpected: 0, waitedInVain: 0 };
    const took = [];
    const until = now() + ms;
    while (now() < until) {
      const started = performance.now();
      try {
        await circuit.run(async () => {
          if (fails) throw new Error("down");
          if (url !== undefined) await (await fetch(url)).text();
        });
        counts.ok++;
      } catch (error) {
        if (isFailfastError(error)) {
          counts.rejected++;
          if (performance.now() - started >= SHORTEST_WAIT_MS) counts.waitedInVain++;
        } else if (fails) counts.failed++;
        else counts.unexpected++;
      }
      took.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    took.sort((a, b) => a - b);
    return { ...counts, p50: took[took.length >> 1], p99: took[Math.floor(took.length * 0.99)] };
  },
  /** Blocks the event loop while calls are under way that time out. */
  block: async ({ ms }) => {
    const calls = Array.from({ length: 5 }, () =>
      circuit
        .run(
          () =>
            new Promise((_, reject) =>
              setTimeout(() => reject(new DOMException("late", "TimeoutError")), 500),
            ),
        )
        .catch(({ name }) => name),
    );
    await new Promise((resolve) => setTimeout(resolve, 150));
    const until = performance.now() + ms;
    while (performance.now() < until);
    return { ends: await Promise.all(calls) };
  },
  /** Becomes the probe, and never ends. */
  hang: async () => {
    circuit.run(() => new Promise(() => {})).catch(() => {});
    return {};
  },
  /** Leaves, and from now on nothing of its own keeps it alive. */
  end: async () => {
    await orders.leave();
    process.removeListener("disconnect", exit);
    return {};
  },
};

// The parent has gone, and nobody else ends this process.
const exit = () => process.exit();
process.on("disconnect", exit);
process.on("message", async ({ id, order, ...rest }) => say({ answer: id, ...(await orders[order](rest)) }));
