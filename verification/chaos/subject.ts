import type { ServerProcess } from "../../test/servers/server-process.js";
import type { ToxicProxy } from "../../test/servers/toxic-proxy/proxy.js";
import type { As } from "./fleet.js";
import type { Place } from "./open-store.js";

/** A real store that can be broken. */
export interface Subject {
  readonly name: Place["store"];
  /** Where the fleet's processes find it. */
  readonly place: Place;
  /** Who they run as. */
  readonly as?: As | undefined;
  /** Between two looks of a process at a store that tells it nothing by itself, in ms; 0 where it does. */
  readonly pollMs: number;
  /** What the client takes by itself to be of use again, in ms. */
  readonly clientMs?: number;
  /** The same after a command was lost with its connection, where that is longer. */
  readonly quietMs?: number;
  /** Its process, where it has one. */
  readonly server?: ServerProcess;
  /** Before the server, where there is one. */
  readonly proxy?: ToxicProxy;
  /** A record, read around the fleet; `null` where there is none. */
  read(key: string): Promise<string | null>;
  stop(): Promise<void>;
}

/** A round, as a fault sees it. */
export interface Round {
  /** How long the fault lasts, in ms. */
  readonly ms: number;
  /** The store's keys of the circuits of this round: of the one that is open before, and of the one that trips during the fault. */
  readonly early: string;
  readonly shop: string;
  /** Another process joins the fleet. */
  join(): Promise<void>;
}

/** The records to spoil: of what is large only one, since each process has to hold what it is to write over. */
export const spoiled = ({ early, shop }: Round, large: boolean): readonly string[] =>
  large ? [early] : [early, shop];

/** Makes all well again. */
export type Heal = () => unknown;

/** One thing that may go wrong with a store. */
export interface Fault<S extends Subject = Subject> {
  readonly name: string;
  /** The store has lost records, which the fleet has to write again. */
  readonly loses?: boolean;
  /** Runs in the quick run as well. */
  readonly quick?: boolean;
  /** How long it lasts in the long run, in seconds, where that is not as long as the others do. */
  readonly seconds?: number;
  /** Why it can't be had here. */
  readonly unless?: (subject: S) => string | undefined;
  inject(subject: S, round: Round): Promise<Heal> | Heal;
}

/** Does something again and again until it is over. */
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
