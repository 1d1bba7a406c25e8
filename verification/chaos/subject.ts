import type { ServerProcess } from "../../test/servers/server-process.js";
import type { ToxicProxy } from "../../test/servers/toxic-proxy/proxy.js";
import type { As } from "./fleet.js";
import type { Place } from "./open-store.js";

/** A real store that can fail. */
export interface Subject {
  readonly name: Place["store"];
  /** The store's address for the fleet's processes. */
  readonly place: Place;
  /** The user they run as. */
  readonly as?: As | undefined;
  /** The time between two looks of a process at a store without push, in ms; 0 if it has push. */
  readonly pollMs: number;
  /** How long the client itself takes until it works again, in ms. */
  readonly clientMs?: number;
  /** The same after a command was lost with its connection, if that is longer. */
  readonly quietMs?: number;
  /** Its process, if it has one. */
  readonly server?: ServerProcess;
  /** The proxy before the server, if there is one. */
  readonly proxy?: ToxicProxy;
  /** A record, read outside of the fleet; `null` if there is none. */
  read(key: string): Promise<string | null>;
  stop(): Promise<void>;
}

/** A round, as a fault sees it. */
export interface Round {
  /** The length of the fault, in ms. */
  readonly ms: number;
  /**
   * The store's keys of this round's circuits: of the one that is open before, and of the one that trips during the
   * fault.
   */
  readonly early: string;
  readonly shop: string;
  /** Adds another process to the fleet. */
  join(): Promise<void>;
}

/** The records to spoil. Of large values only one, because each process has to hold what it overwrites. */
export const spoiled = ({ early, shop }: Round, large: boolean): readonly string[] =>
  large ? [early] : [early, shop];

/** Ends the fault. */
export type Heal = () => unknown;

/** One fault of a store. */
export interface Fault<S extends Subject = Subject> {
  readonly name: string;
  /** The store has lost records, which the fleet has to restore. */
  readonly loses?: boolean;
  /** Also in the quick run. */
  readonly quick?: boolean;
  /** Its length in the long run, in seconds, if that differs from the others'. */
  readonly seconds?: number;
  /** The reason if it is not possible here. */
  readonly unless?: (subject: S) => string | undefined;
  inject(subject: S, round: Round): Promise<Heal> | Heal;
}

/** Repeats something until the fault is over. */
export function repeatedly(everyMs: number, act: () => Promise<unknown>): Heal {
  let over = false;
  const run = async (): Promise<void> => {
    while (!over) {
      await act().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  const running = run();
  return () => {
    over = true;
    return running;
  };
}
