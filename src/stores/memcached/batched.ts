/** Makes one read of all that is asked for in one turn; what it doesn't find is `undefined`. */
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
