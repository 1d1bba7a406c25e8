// The settings under which the model is explored. Each has its faults, one or two of a kind, and two depths in steps:
// one for every change, and one for the full run. `without` names the ways to heal that it does not have.

const JOBS = "a new process for each call";

export const SETTINGS = [
  { name: "no faults", options: {}, quick: 10, full: 12 },
  { name: "no faults, from open on", options: { start: "open" }, quick: 7, full: 9 },
  { name: "no faults, from a lease on", options: { start: "leased" }, quick: 6, full: 8 },
  { name: "callers that can't wait", options: { start: "open", async: false }, quick: 8, full: 10 },
  { name: "callers that wait", options: { start: "open", sync: false }, quick: 8, full: 10 },
  {
    name: "timers go off early",
    options: { start: "open", sync: false, earlyTimers: true },
    quick: 9,
    full: 10,
  },
  { name: "a store that answers at once", options: { atOnce: true, cuts: 1 }, quick: 8, full: 10 },
  { name: "two answers are lost", options: { losses: 2, start: "open" }, quick: 6, full: 8 },
  { name: "a process crashes", options: { crashes: 1, start: "open" }, quick: 6, full: 8 },
  { name: "a process is cut off", options: { cuts: 1, losses: 1 }, quick: 8, full: 9 },
  { name: "cut off, from a lease on", options: { cuts: 1, start: "leased" }, quick: 6, full: 8 },
  { name: "the store forgets", options: { forgets: 1, losses: 1 }, quick: 8, full: 9 },
  { name: "the store forgets, from open on", options: { forgets: 1, start: "open" }, quick: 6, full: 8 },
  { name: "the store forgets, from a lease on", options: { forgets: 1, start: "leased" }, quick: 5, full: 7 },
  { name: "cut off while an operator resets", options: { cuts: 1, operations: 1 }, quick: 7, full: 8 },
  { name: "an operator, twice", options: { operations: 2 }, quick: 6, full: 7 },
  { name: "an operator holds", options: { holds: 2, start: "open" }, quick: 7, full: 8 },
  { name: "a quorum of two", options: { settings: { quorum: 2 }, losses: 1 }, quick: 9, full: 11 },
  {
    name: "a quorum of two, from a vote on",
    options: { settings: { quorum: 2 }, start: "voted", crashes: 1 },
    quick: 7,
    full: 9,
  },
  { name: "two probes", options: { settings: { probes: 2 }, losses: 1, start: "open" }, quick: 6, full: 8 },
  {
    name: "a trip elsewhere is confirmed",
    options: { settings: { scope: "confirm" }, losses: 1 },
    quick: 8,
    full: 9,
  },
  { name: "one process doubts", options: { doubter: 2, losses: 1 }, quick: 8, full: 9 },
  {
    name: "each by itself",
    options: { settings: { scope: "process" }, operations: 1, without: [JOBS] },
    quick: 8,
    full: 8,
  },
  {
    name: "every call when the time is up",
    options: { settings: { recovery: "all" }, losses: 1, without: [JOBS] },
    quick: 8,
    full: 9,
  },
  { name: "a probe meets another circuit", options: { pauses: 2, start: "leased" }, quick: 6, full: 8 },
  { name: "others get their turn", options: { start: "leased", neither: 12 }, quick: 6, full: 8 },
  { name: "a call from before asks for longer", options: { late: true }, quick: 8, full: 10 },
  {
    name: "all of it",
    options: { crashes: 1, losses: 1, cuts: 1, forgets: 1, operations: 1 },
    quick: 5,
    full: 6,
  },
];
