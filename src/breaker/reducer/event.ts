import type { WriteOutcome } from "../../sync/writer.js";
import type { ActiveHold, CachedRecord, Decision } from "./state.js";

/** Why a circuit opens, and for how long. The caller draws `random`. */
export interface Opening {
  readonly reason: string;
  readonly cause: unknown;
  /** A failure of this host, which says nothing about the backend. Other hosts are not told. */
  readonly ofThisHost: boolean;
  /** How long the failure asks for, in ms, if it does (`Retry-After`). */
  readonly openFor: number | undefined;
  readonly random: number;
  readonly storeDown: boolean;
  /** How long it had been closed, in ms; `Infinity` if it was never anything else. */
  readonly closedForMs: number;
}

/** What happens to a circuit in one process. */
export type Event =
  /** A call asks to be admitted. */
  | {
      readonly type: "call";
      /** How long it can wait for the lease, in ms; 0: not at all. */
      readonly waitMs: number;
      /** The lease was requested for this call, and there is an answer, or the call can wait no longer. */
      readonly asked: boolean;
      /** The circuit's own check asks, and not a call. */
      readonly byCheck: boolean;
      /** The call is made from within this process's probe. */
      readonly withinProbe: boolean;
      /** The store is down, or writes of this circuit fail. */
      readonly storeFails: boolean;
      readonly callTimeoutMs: number;
    }
  /** The calls of this process trip the circuit. */
  | { readonly type: "tripped"; readonly opening: Opening }
  /** A call failed while the fleet's opening waits for a failure here to confirm it. */
  | { readonly type: "confirmed"; readonly cause: unknown }
  /** `slept`: the process was suspended during the probe. */
  | { readonly type: "probe-succeeded"; readonly slept?: boolean }
  | { readonly type: "probe-failed"; readonly opening: Opening; readonly slept?: boolean }
  /** The probe ended as neither success nor failure. */
  | {
      readonly type: "probe-released";
      /** Start no new probe for so long. */
      readonly pauseMs: number;
      /** Its own circuit rejected it. */
      readonly byItself: boolean;
      /** How long a call here waits for its lease; 0 if no other process uses the store. */
      readonly leaseWaitMs: number;
      readonly random: number;
    }
  /** A call from before the opening asks for a longer open time. */
  | { readonly type: "asked-for-longer"; readonly openMs: number; readonly storeDown: boolean }
  /** Another process changed the fleet's record. `doubts`: calls here succeed at present. */
  | {
      readonly type: "record";
      readonly record: CachedRecord | undefined;
      readonly doubts: boolean;
      /** The age of that record, by the store's clock. */
      readonly ageMs: number;
      readonly random: number;
    }
  | { readonly type: "hold"; readonly hold: ActiveHold | undefined }
  /** The lease request was answered. */
  | { readonly type: "lease"; readonly record: CachedRecord | undefined; readonly outcome: WriteOutcome }
  /** The proposal of `written` was answered. */
  | {
      readonly type: "proposal";
      readonly record: CachedRecord | undefined;
      readonly outcome: WriteOutcome;
      readonly written: Decision;
    }
  /** An operator opens the circuit here, before the store has it. */
  | {
      readonly type: "operator-opens";
      readonly durationMs: number;
      readonly reason: string;
      readonly storeDown: boolean;
    }
  /** The store has what an operator wrote. It replaces what was decided here before. */
  | { readonly type: "operator-wrote"; readonly record: CachedRecord | undefined }
  /** Time passed: a hold may have ended. */
  | { readonly type: "time" };

/** What the shell has to do once it has the new state, in this order. */
export type Effect =
  /** Propose the decision to the fleet. `delayMs`: hosts cast their votes at different moments. */
  | { readonly type: "propose"; readonly delayMs: number }
  | { readonly type: "ask-for-lease"; readonly callTimeoutMs: number }
  | { readonly type: "announce"; readonly state: "closed" | "open" | "half-open"; readonly local: boolean }
  | { readonly type: "announce-hold"; readonly hold: ActiveHold }
  | { readonly type: "announce-release" };

/**
 * The answer to a call that asks to be admitted. `ask`: request the lease for it, and come back when the request is
 * answered or the call can wait no longer.
 */
export type CallAnswer = "closed" | "held" | "probe" | "nested" | "reject" | "ask";
