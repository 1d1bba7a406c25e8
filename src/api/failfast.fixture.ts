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
