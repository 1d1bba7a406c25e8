import { isClass } from "../options/format-value.js";
import { isThenable } from "../sync/with-deadline.js";
import type { CallerSignal } from "./call-policy.js";

/** How a function answers: with a promise, with a value, or not known before its first call. */
export type Kind = "promise" | "value" | undefined;

/** What a call's outcome goes through on its way to the caller. */
export interface Handlers {
  readonly onSuccess: ((value: unknown) => unknown) | undefined;
  readonly onFailure: (error: unknown) => unknown;
}

/** Handlers that several calls share. */
export interface SharedHandlers extends Handlers {
  /** In place of `onFailure`, for a call whose caller may give up. */
  failing(signal: CallerSignal): Handlers["onFailure"];
}

export type OnSuccess = Handlers["onSuccess"];
export type OnFailure = Handlers["onFailure"];

export function rethrow(error: unknown): never {
  throw error;
}

/** Whether it threw because it is a class: the caller's mistake, which says nothing about the backend. */
export function needsNew(fn: unknown, error: unknown): boolean {
  try {
    return error instanceof TypeError && isClass(fn);
  } catch {
    // A revoked proxy was thrown.
    return false;
  }
}

/** Attaches the handlers to a result: a promise calls them when it ends; for a value they are called at once. */
export function attachHandlers(result: unknown, onSuccess: OnSuccess, onFailure: OnFailure): unknown {
  if (result instanceof Promise) return result.then(onSuccess, onFailure);
  if (isThenable(result)) return Promise.resolve(result).then(onSuccess, onFailure);
  return onSuccess === undefined ? result : onSuccess(result);
}
