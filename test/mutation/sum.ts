// Each of its mutants is noticed.
export const sum = (one: number, another: number): number => one + another;
