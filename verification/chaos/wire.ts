/** The requests of this process to its store's client. */
export const wire = {
  /** Requests since the last look. */
  asked: 0,
  /** Requests without an answer or error, and the maximum at one time since the last look. */
  pending: 0,
  most: 0,
};

/**
 * Counts calls of these methods on the client itself. Each returns a promise or takes a callback as its last argument.
 * If one closes a connection after some time and forgets the requests on it, nothing is pending after that.
 */
export function watched<T extends object>(client: T, methods: readonly string[], forgetsMs?: number): T {
  const own = client as Record<string, (...args: unknown[]) => unknown>;
  for (const method of methods) {
    const real = own[method] as (...args: unknown[]) => unknown;
    own[method] = function (this: unknown, ...args: unknown[]) {
      const settled = began();
      if (forgetsMs !== undefined) setTimeout(settled, forgetsMs).unref();
      const callback = args.at(-1);
      if (typeof callback === "function") {
        args[args.length - 1] = function (this: unknown, ...results: unknown[]) {
          settled();
          return callback.apply(this, results);
        };
        return real.apply(this, args);
      }
      try {
        const answer = real.apply(this, args);
        Promise.resolve(answer).then(settled, settled);
        return answer;
      } catch (error) {
        settled();
        throw error;
      }
    };
  }
  return client;
}

function began(): () => void {
  wire.asked++;
  wire.most = Math.max(wire.most, ++wire.pending);
  let over = false;
  return () => {
    if (!over) wire.pending--;
    over = true;
  };
}
