/** Operations that may wait behind one that hangs. */
const LONGEST_QUEUE = 10_000;

/**
 * Runs operations one after the other, in the order they came.
 *
 * So a file system that hangs occupies one thread of the process's small pool, and not all of them. Without that pool
 * no name can be resolved and no file read in the whole process.
 */
export function oneAtATime(): <T>(operation: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const done = (): void => void waiting--;
  return (operation) => {
    if (waiting >= LONGEST_QUEUE) {
      return Promise.reject(
        new Error(`The file system hangs: ${waiting} operations of fileStore() are waiting for it.`),
      );
    }
    waiting++;
    const result = last.then(operation);
    last = result.then(done, done);
    return result;
  };
}
