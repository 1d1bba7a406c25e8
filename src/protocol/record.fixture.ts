import fc from "fast-check";
import type { CircuitRecord } from "./record.js";

const shortText = fc.string({ maxLength: 20 });
const few = fc.integer({ min: 0, max: 3 });

/** Records as processes write them, with revisions so close to each other that ties are common. */
export const aRecord: fc.Arbitrary<CircuitRecord> = fc
  .record({
    revision: fc.integer({ min: 1, max: 6 }),
    generation: fc.integer({ min: 1, max: 6 }),
    nonce: fc.string({ minLength: 1, maxLength: 8 }),
    state: fc.constantFrom("closed", "open", "half-open"),
    until: fc.integer({ min: 1, max: 20 }),
    duration: fc.integer({ min: 0, max: 20 }),
    by: shortText,
    reason: shortText,
    at: fc.integer({ min: 0, max: 20 }),
    owner: shortText,
    lapsed: few,
    passed: few,
    reopens: few,
    manual: fc.boolean(),
    votes: fc.array(
      fc.record({ host: fc.string({ minLength: 1, maxLength: 64 }), until: fc.integer({ min: 1, max: 20 }) }),
      { maxLength: 4 },
    ),
  })
  .map((fields) => ({
    ...fields,
    v: 1 as const,
    state: fields.state as CircuitRecord["state"],
    generation: Math.min(fields.generation, fields.revision),
  }));
