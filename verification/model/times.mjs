// The times of the model, in ms. A tick is half of a first lease; there is room for the revisions of writes within a
// tick.

export const TICK = 5_000;
export const OPEN = 2 * TICK;
/** The time that the library assumes for calls without a callTimeout. */
export const LEASE = 2 * TICK;
