// A test finds each of its mutants.
export const sum = (one: number, another: number): number => one + another;
