/** How many calls may run at a time: opossum's `capacity`. */
export class Semaphore {
  #count: number;

  constructor(capacity: number) {
    this.#count = capacity;
  }

  /** How many more may begin. */
  get count(): number {
    return this.#count;
  }

  /** Takes a place, if one is free. */
  test(): boolean {
    if (this.#count < 1) return false;
    this.#count--;
    return true;
  }

  release(): void {
    this.#count++;
  }
}
