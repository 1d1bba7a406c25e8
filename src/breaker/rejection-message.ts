import { describeRejection, type FailfastErrorFields } from "../errors/failfast-error.js";
import { wholeSeconds } from "../errors/seconds.js";

/**
 * The message of the latest rejection. A flood of them is of one circuit, within one second, and has one message: that
 * says whole seconds, so that it is the same for all with as many ms left, over `#overMs` and up to `#upToMs`.
 */
export class RejectionMessage {
  #fields: FailfastErrorFields | undefined;
  #overMs = 0;
  #upToMs = 0;
  #text = "";

  of(fields: FailfastErrorFields): string {
    const { retryAfterMs } = fields;
    const latest = this.#fields;
    if (
      retryAfterMs > this.#upToMs ||
      retryAfterMs <= this.#overMs ||
      fields.circuit !== latest?.circuit ||
      fields.state !== latest.state ||
      fields.held !== latest.held
    )
      this.#renew(fields);
    return this.#text;
  }

  #renew(fields: FailfastErrorFields): void {
    const seconds = wholeSeconds(fields.retryAfterMs);
    // A failure behind it would be kept for as long.
    this.#fields = { ...fields, cause: undefined };
    this.#upToMs = seconds * 1_000 + 1;
    this.#overMs = seconds === 1 ? -1 : this.#upToMs - 1_000;
    this.#text = describeRejection(fields, seconds);
  }
}
