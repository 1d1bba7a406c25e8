import { systemClock } from "../../runtime/system-clock.js";
import { batched, type Found } from "./batched.js";
import type { Commands } from "./commands.js";

type Callback<T> = (error: unknown, result: T) => void;

/** The part of a client of the package `memcached` that is used. */
export interface NodeMemcachedClient {
  getMulti(keys: string[], callback: Callback<Record<string, unknown>>): void;
  gets(key: string, callback: Callback<{ [key: string]: unknown; cas: string }>): void;
  set(key: string, value: string, exptime: number, callback: Callback<boolean>): void;
  add(key: string, value: string, exptime: number, callback: Callback<boolean>): void;
  cas(key: string, value: string, token: string, exptime: number, callback: Callback<boolean>): void;
  del(key: string, callback: Callback<boolean>): void;
  /** Its option: a connection leaves the pool if nothing was written to it and nothing came for this many ms. */
  readonly idle?: number;
}

/** The commands through the package `memcached`. Its callbacks get `false`, and no error, if the server has refused. */
export function nodeMemcached(client: NodeMemcachedClient): Commands {
  /**
   * A dead connection stays in the client's pool as long as it is written to, so after a loss nothing is sent for a
   * while.
   */
  let quietUntil = Number.NEGATIVE_INFINITY;

  function answer<T>(ask: (done: Callback<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (systemClock.now() < quietUntil) {
        reject(
          new Error(
            "memcached gave no answer a moment ago, and is not asked while its connection may be dead",
          ),
        );
        return;
      }
      const cancel = systemClock.after(LOST_AFTER, () => {
        quietUntil = systemClock.now() + (client.idle ?? IDLE) + SLACK;
        reject(new Error(`memcached gave no answer within ${LOST_AFTER} ms`));
      });
      ask((error, result) => {
        cancel();
        if (error) reject(error);
        else resolve(result);
      });
    });
  }

  /** Of several servers some may answer: the client gives their values beside a list of errors. */
  const getAll = (names: string[]): Promise<Found> =>
    answer((done) =>
      client.getMulti(names, (errors, values) => {
        const error = Array.isArray(errors) ? errors[0] : errors;
        done(undefined, error ? { values: Object(values), error } : { values: Object(values) });
      }),
    );

  return {
    // Keys read at once would open a connection each, and fail if the pool may not have so many.
    get: batched(getAll),
    set: (name, value, exptime) => answer((done) => client.set(name, value, exptime, done)),
    delete: (name) => answer((done) => client.del(name, done)),
    atomic: {
      add: (name, value, exptime) =>
        answer<boolean>((done) => client.add(name, value, exptime, done)).catch((error) => {
          if ((error as { notStored?: unknown } | null)?.notStored === true) return false;
          throw error;
        }),
      async gets(name) {
        const found = await answer<{ [key: string]: unknown; cas: string } | undefined>((done) =>
          client.gets(name, done),
        );
        if (!found) return undefined;
        // The value is under the key as the client writes it, with its own namespace.
        const { cas: token, ...values } = found;
        return { value: Object.values(values)[0], token };
      },
      cas: (name, value, token, exptime) => answer((done) => client.cas(name, value, token, exptime, done)),
    },
  };
}

/** The client never reports a command of a connection that it closed. After this time the command counts as lost. */
const LOST_AFTER = 1_000;
/** The client's default of `idle`, and the possible delay of its timer. */
const IDLE = 5_000;
const SLACK = 500;
