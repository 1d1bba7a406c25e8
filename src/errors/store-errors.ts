/** The store did not answer within this library's deadline. It comes as the `error` of `store-down`. */
export class StoreTimeoutError extends Error {
  override readonly name = "StoreTimeoutError";
  readonly code = "ERR_FAILFAST_STORE_TIMEOUT";

  constructor(ms: number) {
    super(`the store did not answer within ${ms} ms; calls go on with what this process knows`);
  }
}

/** The store gave an answer that the protocol does not allow. It comes as the `error` of `store-down`. */
export class StoreAnswerError extends Error {
  override readonly name = "StoreAnswerError";
  readonly code = "ERR_FAILFAST_STORE_ANSWER";
}
