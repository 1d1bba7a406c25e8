import type { WriteOutcome } from "../sync/writer.js";
import type { ActiveHold, CachedRecord, Decision } from "./state.js";

/** Why a circuit opens, and for how long. `random` is drawn by the caller. */
export interface Opening {
  readonly reason: string;
  readonly cause: unknown;
  /** Something of this host, which says nothing of the backend: no other host is told. */
  readonly ofThisHost: boolean;
  /** How long the failure asks for, in ms, where it does (`Retry-After`). */
  readonly openFor: number | undefined;
  readonly random: number;
  readonly storeDown: boolean;
  /** How long it had been closed, in ms; `Infinity` where it was never anything else. */
  readonly closedForMs: number;
}

/** What happens to a circuit in one process. */
export type Event =
  /** A call asks to be admitted. */
  | {
      readonly type: "call";
      /** How long it can wait for the lease, in ms; 0: not at all. */
      readonly waitMs: number;
      /** The lease was asked for on its behalf, and answered, or it can wait no longer. */
      readonly asked: boolean;
      /** The circuit's own check asks. */
      readonly byCheck: boolean;
      /** It is made from within the probe of this process. */
      readonly withinProbe: boolean;
      /** The store is down, or fails to write this circuit. */
      readonly storeFails: boolean;
      readonly callTimeoutMs: number;
    }
  /** The calls of this process trip it. */
  | { readonly type: "tripped"; readonly opening: Opening }
  /** A call failed while the fleet's opening waits for that. */
  | { readonly type: "confirmed"; readonly cause: unknown }
  /** `slept`: the process was suspended amid the probe. */
  | { readonly type: "probe-succeeded"; readonly slept?: boolean }
  | { readonly type: "probe-failed"; readonly opening: Opening; readonly slept?: boolean }
  /** The probe ended as neither: `pauseMs` says for how long the next would end so too. */
  | { readonly type: "probe-released"; readonly pauseMs: number; readonly byItself: boolean }
  /** A call from before it opened asks for a longer time. */
  | { readonly type: "asked-for-longer"; readonly openMs: number; readonly storeDown: boolean }
  /** Something about the fleet's record changed, by another's doing. `doubts`: calls here succeed at present. */
  | {
      readonly type: "record";
      readonly record: CachedRecord | undefined;
      readonly doubts: boolean;
      /** How long ago it was written, by the store's clock. */
      readonly ageMs: number;
      readonly random: number;
    }
  | { readonly type: "hold"; readonly hold: ActiveHold | undefined }
  /** The request for the lease was answered. */
  | { readonly type: "lease"; readonly record: CachedRecord | undefined; readonly outcome: WriteOutcome }
  /** The proposal of `written` was answered. */
  | {
      readonly type: "proposal";
      readonly record: CachedRecord | undefined;
      readonly outcome: WriteOutcome;
      readonly written: Decision;
    }
  /** An operator opens it here, before the store has it. */
  | {
      readonly type: "operator-opens";
      readonly durationMs: number;
      readonly reason: string;
      readonly storeDown: boolean;
    }
  /** The store has what an operator wrote: what was decided here before is over. */
  | { readonly type: "operator-wrote"; readonly record: CachedRecord | undefined }
  /** Time passed: a hold may have ended. */
  | { readonly type: "time" };

/** What the shell has to do, in this order, once it has the new state. */
export type Effect =
  /** Tell the fleet of the decision. `delayMs`: votes go out apart. */
  | { readonly type: "propose"; readonly delayMs: number }
  | { readonly type: "ask-for-lease"; readonly callTimeoutMs: number }
  | { readonly type: "announce"; readonly state: "closed" | "open" | "half-open"; readonly local: boolean }
  | { readonly type: "announce-hold"; readonly hold: ActiveHold }
  | { readonly type: "announce-release" };

/**
 * What a call meets. `ask`: ask for the lease on its behalf, and come again when that is answered, or when the call
 * can wait no longer.
 */
export type Verdict = "closed" | "held" | "probe" | "nested" | "reject" | "ask";
