/** The values of the keys that were found. With an error, the other keys may exist on a server that did not answer. */
export interface Found {
  readonly values: Readonly<Record<string, unknown>>;
  readonly error?: unknown;
}

/** Makes one read of all keys requested in one turn. A key that is not found gives `undefined`. */
export function batched(readAll: (names: string[]) => Promise<Found>): (name: string) => Promise<unknown> {
  let names: Set<string> | undefined;
  let found: Promise<Found>;
  return async (name) => {
    if (names === undefined) {
      const batch = new Set<string>();
      names = batch;
      found = Promise.resolve().then(() => {
        names = undefined;
        return readAll([...batch]);
      });
    }
    names.add(name);
    const { values, error } = await found;
    if (error !== undefined && !Object.hasOwn(values, name)) throw error;
    return values[name];
  };
}
