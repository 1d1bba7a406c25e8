import { repeat } from "./timers.js";

/** Time between two health checks, in ms. */
export const HEALTH_CHECK_MS = 5_000;

/** The check that a service makes of its backend now and then. */
export class HealthCheck {
  readonly #failed: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Checks now and every `interval` ms, in place of an earlier check. */
  begin(check: () => unknown, self: unknown, interval: number): void {
    if (typeof check !== "function") throw new TypeError("Health check function must be a function");
    if (Number.isNaN(Number(interval))) throw new TypeError("Health check interval must be a number");
    this.end();
    this.#timer = repeat(interval || HEALTH_CHECK_MS, async () => {
      try {
        await check.call(self);
      } catch (error) {
        this.#failed(error);
      }
    });
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
