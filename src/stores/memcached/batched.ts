/** Makes one read of all keys requested in one turn. A key that is not found gives `undefined`. */
export function batched(
  readAll: (names: string[]) => Promise<Readonly<Record<string, unknown>>>,
): (name: string) => Promise<unknown> {
  let names: Set<string> | undefined;
  let found: Promise<Readonly<Record<string, unknown>>>;
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
    return (await found)[name];
  };
}
