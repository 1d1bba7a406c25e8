import type { Store } from "../store.js";

/** As long as what is asked keeps the process alive, in ms: a server that hangs must not. */
const AT_MOST = 5_000;

/**
 * The connections of the clients that are made here keep no process alive; what is under way on them does, for a
 * while, so that a program that ends with a write sees its end. What fails then says `why` the client is not connected.
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
