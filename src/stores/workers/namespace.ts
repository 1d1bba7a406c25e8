import { isKvNamespace, WHY_NOT_KV } from "../shared/kv.js";

/** The part of a namespace of Durable Objects that the store uses: a binding to `FailfastDurableObject`. */
export interface FailfastNamespace {
  idFromName(name: string): object;
  get(id: object): FailfastStub;
}

/** The part of one of its objects that the store uses. */
export interface FailfastStub {
  fetch(url: string, init: object): Promise<FailfastResponse>;
}

/** The part of an answer that the store uses. */
export interface FailfastResponse {
  readonly status: number;
  text(): Promise<string>;
  readonly webSocket?: unknown;
}

/** @throws {TypeError} anything but a namespace of Durable Objects. */
export function checkNamespace(given: unknown): asserts given is FailfastNamespace {
  const { idFromName, get } = Object(given) as Record<string, unknown>;
  if (typeof idFromName === "function" && typeof get === "function") return;
  throw new TypeError(
    isKvNamespace(given)
      ? `durableObjectStore() got a KV namespace, and ${WHY_NOT_KV}: bind a Durable Object, of the class FailfastDurableObject`
      : `durableObjectStore() takes a namespace of Durable Objects, got ${describe(given)}: bind the class FailfastDurableObject ` +
          "and pass its binding, as durableObjectStore(env.FAILFAST)",
  );
}

function describe(given: unknown): string {
  if (given === undefined) return "undefined (is it bound under another name?)";
  if (typeof given !== "object" || given === null) return given === null ? "null" : typeof given;
  return typeof (given as { fetch?: unknown }).fetch === "function" ? "one object" : "something else";
}
