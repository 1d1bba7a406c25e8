import type { Circuit } from "./circuit.js";

export const boom = new Error("boom");
export const fail = async (): Promise<never> => {
  throw boom;
};

/** The error that a call is rejected with. */
export async function rejection(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** Makes a call that fails. Returns how long the circuit is open then, in whole seconds. */
export async function openSeconds(circuit: Circuit): Promise<number> {
  await circuit.run(fail).catch(() => undefined);
  return Math.round(circuit.retryAfter);
}
