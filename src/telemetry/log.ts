import type { Failfast, FailfastEventName, FailfastListener, Subscription } from "../index.js";
import { checkMethods } from "../options/check-options.js";

/** A logger: pino, bunyan, winston and fastify's `log` fit as they are. */
export interface TransitionLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Logs what happens to circuits and their stores: a circuit opens, is probed, closes, is held or released; a store is
 * down or up again. It logs no single call: an open circuit may reject thousands in a second.
 *
 * Bad news that this process found out itself is a warning. What it learned from the fleet is information, since
 * another process has already warned; so is news of a circuit in `mode: "shadow"`. The fields are those of the event,
 * with `err` for the failure that opened it.
 *
 * @example
 * logTo(failfast, pino());
 *
 * @returns a function that ends it.
 * @throws {TypeError} no failfast, or no logger.
 */
export function logTo(failfast: Pick<Failfast, "on">, logger: TransitionLogger): Subscription {
  checkMethods(failfast, ["on"], "logTo takes a failfast first");
  checkMethods(logger, ["info", "warn"], "logTo takes a logger with info and warn second");
  const log = isWinston(logger) ? textFirst(logger) : logger;
  const subscriptions: Subscription[] = [];
  const on = <E extends FailfastEventName>(event: E, listener: FailfastListener<E>): void => {
    subscriptions.push(failfast.on(event, listener));
  };

  on("open", ({ type, error, retryAfterMs, ...fields }) => {
    const logged = {
      ...fields,
      state: type,
      retryAfterMs: Math.round(retryAfterMs),
      ...(error === undefined ? {} : { err: error }),
    };
    const seconds = Math.max(1, Math.round(retryAfterMs / 1_000));
    const message = `${named(fields)} opened for ${seconds} s${why(fields)}`;
    log[fields.local && !fields.shadow ? "warn" : "info"](logged, message);
  });
  on("half-open", ({ type, ...fields }) =>
    log.info({ ...fields, state: type }, `${named(fields)} is being probed`),
  );
  on("close", ({ type: _, ...fields }) =>
    log.info({ ...fields, state: "closed" }, `${named(fields)} closed${why(fields)}`),
  );
  on("hold", ({ type: _, ...fields }) =>
    log[fields.local && !fields.shadow ? "warn" : "info"](
      fields,
      `${named(fields)} is held ${fields.held} by an operator${why(fields)}`,
    ),
  );
  on("release", ({ type: _, ...fields }) =>
    log.info(fields, `${named(fields)} is no longer held${why(fields)}`),
  );
  on("store-down", ({ error }) =>
    log.warn({ err: error }, "a store of failfast is in trouble, calls go on without it"),
  );
  on("store-up", () => log.info({}, "the store of failfast is well again"));

  const dispose = (): void => {
    for (const subscription of subscriptions) subscription.dispose();
  };
  return { dispose, [Symbol.dispose]: dispose };
}

/** It takes the text first. Given second, the text would be lost, and the fields would be "[object Object]". */
const isWinston = (logger: object): boolean => "transports" in logger && "configure" in logger;

function textFirst(logger: TransitionLogger): TransitionLogger {
  const winston = logger as unknown as Record<"info" | "warn", (text: string, fields: object) => void>;
  return {
    info: (fields, message) => winston.info(message, readable(fields)),
    warn: (fields, message) => winston.warn(message, readable(fields)),
  };
}

/** winston writes an error that is a field as `{}`. */
const readable = ({ err, ...fields }: { readonly err?: unknown }): object =>
  err === undefined ? fields : { ...fields, err: err instanceof Error ? (err.stack ?? String(err)) : err };

/** Names and reasons may be any text. Quoted, they can't start a new log line. */
const quote = (text: string): string => JSON.stringify(text);

const named = ({ circuit, shadow }: { readonly circuit: string; readonly shadow?: true }): string =>
  shadow ? `circuit ${quote(circuit)}, in shadow mode,` : `circuit ${quote(circuit)}`;

const why = ({ by, reason }: { readonly by: string; readonly reason: string }): string =>
  reason === "" ? ` by ${quote(by)}` : ` by ${quote(by)}: ${quote(reason)}`;
