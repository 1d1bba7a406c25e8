import type { Awaitable, Store } from "../../options/store.js";
import { same } from "./error.js";
import { type Observer, observe } from "./observer.js";
import { type Subject, subject } from "./subject.js";
import { eventually } from "./wait.js";

/** A handle of the store under test: the store itself, or with a function that closes it after the case. */
export type StoreHandle = Store | { readonly store: Store; close?(): Awaitable<unknown> };

/** How exact the expiry of the store under test is. */
export interface Tolerance {
  readonly ttlResolutionMs: number;
  readonly pushWithinMs: number;
}

/** What a case gets: two handles of one store, and keys of its own. */
export interface Fixture extends Tolerance {
  /** This process's handle. */
  readonly here: Subject;
  /** Another process's handle of the same store. */
  readonly there: Subject;
  /** What every key of this case begins with. */
  readonly prefix: string;
  /** A key of this case. */
  key(name: string): string;
  /** A time to live that is short enough for a case to wait for, in ms. */
  readonly shortMs: number;
  /** How long after being stored a value with that time to live may still exist, in ms. */
  readonly goneWithinMs: number;
  /** Waits until nothing is stored under the key; throws if a value is there long after its time. */
  gone(key: string): Promise<void>;
  /** Waits until everything stored for `shortMs` before this call has expired. */
  lapse(): Promise<void>;
  /** Watches until the case is over. */
  observe(through: Subject, prefix: string): Promise<Observer>;
}

/** Cases by their names. */
export type Cases = Readonly<Record<string, (fixture: Fixture) => Promise<void>>>;

/** A time to live longer than any case takes, in ms. */
export const LONG_MS = 60_000;

const SHORTEST_MS = 250;
const GRACE_MS = 2_000;

/** Opens two handles, runs one case on them, and closes what it opened. The case's own error takes precedence. */
export async function withFixture(
  makeStore: () => Awaitable<StoreHandle>,
  prefix: string,
  tolerance: Tolerance,
  run: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const ends: (() => Awaitable<unknown>)[] = [];
  const open = async (): Promise<Subject> => {
    const made = await makeStore();
    const handle = "get" in made ? { store: made } : made;
    ends.push(() => handle.close?.());
    return subject(handle.store);
  };
  const thrown: unknown[] = [];
  const attempt = async (step: () => Awaitable<unknown>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      thrown.push(error);
    }
  };
  await attempt(async () => run(fixture(await open(), await open(), prefix, tolerance, ends)));
  for (const end of ends.reverse()) await attempt(end);
  if (thrown.length > 0) throw thrown[0];
}

function fixture(
  here: Subject,
  there: Subject,
  prefix: string,
  tolerance: Tolerance,
  ends: (() => Awaitable<unknown>)[],
): Fixture {
  const shortMs = Math.max(SHORTEST_MS, tolerance.ttlResolutionMs);
  const goneWithinMs = shortMs + 2 * tolerance.ttlResolutionMs + GRACE_MS;
  const key = (name: string): string => prefix + name;

  async function gone(awaited: string): Promise<void> {
    const left = await eventually(
      () => here.get(awaited),
      (value) => value === null,
      goneWithinMs,
    );
    same("get", left, null, `after a time to live of ${shortMs} ms`);
  }

  return {
    ...tolerance,
    here,
    there,
    prefix,
    key,
    shortMs,
    goneWithinMs,
    gone,
    async lapse() {
      await here.set(key("lapse"), "", shortMs);
      await gone(key("lapse"));
    },
    async observe(through, watched) {
      const observer = await observe(through, watched, tolerance.pushWithinMs);
      let watching = true;
      const dispose = observer.dispose;
      ends.push(() => (watching ? dispose() : undefined));
      return {
        ...observer,
        dispose() {
          watching = false;
          return dispose();
        },
      };
    },
  };
}
