// test/mutation.test.ts tries mutants of this file.

/** With `2 / way` it never comes to an end, and the loop itself has no mutant in it that could count. */
export function stepsThereAndBack(way: number): number {
  if (way < 0) return 0;
  let left = 2 * way;
  let steps = 0;
  while (left !== 0) {
    left--;
    steps++;
  }
  return steps;
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
