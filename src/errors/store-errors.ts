/** The store did not answer within this library's deadline. It comes as the `error` of `store-down`. */
export class StoreTimeoutError extends Error {
  override readonly name = "StoreTimeoutError";
  readonly code = "ERR_FAILFAST_STORE_TIMEOUT";

  constructor(ms: number) {
    super(`the store did not answer within ${ms} ms; calls go on with what this process knows`);
  }

  /** What loggers make of it. */
  toJSON(): object {
    return { name: this.name, code: this.code, message: this.message };
  }
}

/** The store gave an answer that the protocol does not allow. It comes as the `error` of `store-down`. */
export class StoreAnswerError extends Error {
  override readonly name = "StoreAnswerError";
  readonly code = "ERR_FAILFAST_STORE_ANSWER";

  /** What loggers make of it. */
  toJSON(): object {
    return { name: this.name, code: this.code, message: this.message };
  }
}
