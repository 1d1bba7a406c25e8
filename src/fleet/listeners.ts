import { systemClock } from "../runtime/system-clock.js";

/** Listeners are called at most this often, in ms. */
const TELL_EVERY_MS = 250;

/** Who is told that the view of a fleet may have changed. */
export class FleetListeners {
  readonly #listeners = new Set<() => void>();
  #telling = false;

  get any(): boolean {
    return this.#listeners.size > 0;
  }

  /** Returns a function that ends it. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Soon calls all of them, once for all changes until then. */
  tell(): void {
    if (this.#telling || !this.any) return;
    this.#telling = true;
    systemClock.after(TELL_EVERY_MS, () => {
      this.#telling = false;
      for (const listener of [...this.#listeners]) {
        try {
          listener();
        } catch {
          // If a listener throws, nothing else is affected.
        }
      }
    });
  }

  clear(): void {
    this.#listeners.clear();
  }
}
