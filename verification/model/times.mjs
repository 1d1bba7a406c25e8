// The times of the model, in ms. A tick is half of a first lease; the writes within a tick have room for their revisions.

export const TICK = 5_000;
export const OPEN = 2 * TICK;
/** What the library gives to calls whose own deadline it does not know. */
export const LEASE = 2 * TICK;
