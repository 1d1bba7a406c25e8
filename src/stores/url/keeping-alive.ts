import type { Store } from "../../options/store.js";

/** How long a request keeps the process alive, in ms. A server that hangs must not keep it alive longer. */
const AT_MOST = 5_000;

/**
 * The connections of clients made here don't keep the process alive. Their running requests do, for a while, so that a
 * program whose last step is a write sees its result. If a request fails then, the error says `why` the client is not
 * connected.
 */
export function keepingAlive<S extends Store>(store: S, why: () => Error | undefined = () => undefined): S {
  const kept = { ...store };
  for (const [name, verb] of Object.entries(store) as [keyof S, unknown][]) {
    if (typeof verb !== "function" || name === "sibling") continue;
    kept[name] = ((...args: unknown[]) => {
      const answer: unknown = verb(...args);
      const timer = setTimeout(() => undefined, AT_MOST);
      return Promise.resolve(answer)
        .catch((error: unknown) => {
          throw explained(error, why());
        })
        .finally(() => clearTimeout(timer));
    }) as S[typeof name];
  }
  const { sibling } = store;
  return sibling === undefined
    ? kept
    : { ...kept, sibling: (name: string) => keepingAlive(sibling(name), why) };
}

const explained = (error: unknown, cause: Error | undefined): unknown =>
  cause === undefined || !(error instanceof Error)
    ? error
    : new Error(`${error.message}: ${cause.message}`, { cause });
