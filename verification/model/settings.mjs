// What the model is explored under. Each has its faults, one or two of a kind, and how many steps deep it is followed:
// in a moment, for every change, and at length.

export const SETTINGS = [
  { name: "no faults", options: {}, quick: 11, full: 15 },
  { name: "no faults, from open on", options: { start: "open" }, quick: 10, full: 12 },
  { name: "no faults, from a lease on", options: { start: "leased" }, quick: 9, full: 10 },
  { name: "two answers are lost", options: { losses: 2, start: "open" }, quick: 8, full: 11 },
  { name: "a process crashes", options: { crashes: 1, start: "open" }, quick: 8, full: 11 },
  { name: "a process is cut off", options: { cuts: 1, losses: 1 }, quick: 8, full: 10 },
  { name: "the store forgets", options: { forgets: 1, losses: 1 }, quick: 9, full: 11 },
  { name: "the store forgets, from open on", options: { forgets: 1, start: "open" }, quick: 8, full: 9 },
  {
    name: "the store forgets, from a lease on",
    options: { forgets: 1, start: "leased" },
    quick: 7,
    full: 8,
  },
  {
    name: "cut off while an operator resets",
    options: { cuts: 1, operations: 1 },
    quick: 6,
    full: 7,
  },
  { name: "an operator, twice", options: { operations: 2 }, quick: 6, full: 7 },
  { name: "a quorum of two", options: { quorum: 2, losses: 1 }, quick: 10, full: 14 },
  { name: "two probes", options: { probes: 2, losses: 1, start: "open" }, quick: 8, full: 10 },
  {
    name: "all of it",
    options: { crashes: 1, losses: 1, cuts: 1, forgets: 1, operations: 1 },
    quick: 5,
    full: 7,
  },
];
