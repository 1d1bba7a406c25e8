// Mutants of this are tried by test/mutation.test.ts.

/** Two of its mutants never come to an end. */
export function countTo(end: number): number {
  const step = end > 0 ? 1 : 0;
  let count = 0;
  while (count < end) count += step;
  return count;
}

export class Signal {
  #resolve: () => void = () => undefined;
  readonly came = new Promise<void>((resolve) => {
    this.#resolve = resolve;
  });

  tell(): void {
    this.#resolve();
  }

  untested(): number {
    return 1;
  }
}
