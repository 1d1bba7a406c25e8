/** The three states of a circuit. */
export type CircuitState = "closed" | "open" | "half-open";
