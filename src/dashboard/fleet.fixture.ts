import type { OperatorResult } from "../breaker/operator.js";
import type { Fleet } from "../fleet/fleet.js";
import type { CircuitOfFleet, FleetView, ProcessOfFleet } from "../fleet/view.js";
import type { AuditEntry } from "../report/audit.js";

export const AT: number = Date.UTC(2025, 0, 1);

export function circuitOf(name: string, more: Partial<CircuitOfFleet> = {}): CircuitOfFleet {
  return {
    name,
    state: "closed",
    held: undefined,
    since: undefined,
    until: undefined,
    reason: undefined,
    by: undefined,
    reopens: 0,
    votes: [],
    differing: [],
    totals: { calls: 0, failures: 0, rejections: 0, slow: 0 },
    inFlight: 0,
    latencyMs: undefined,
    settings: { timeout: "60s" },
    processes: [],
    ...more,
  };
}

export function processOf(id: string, more: Partial<ProcessOfFleet> = {}): ProcessOfFleet {
  return {
    id,
    host: id.split("/")[0] ?? id,
    pid: 1,
    service: "shop",
    version: "0.2.0",
    startedAt: AT,
    seenAt: AT,
    circuits: 1,
    storeUp: true,
    truncated: false,
    ...more,
  };
}

/** A fleet whose state a test sets, and which records the actions that it was asked for. */
export interface FakeFleet extends Fleet {
  readonly asked: unknown[][];
  readonly trail: AuditEntry[];
  /** How often the trail was read. */
  reads: number;
  closed: boolean;
  set(view: Partial<FleetView>): void;
  /** What the verbs do, if not the action they are asked for. */
  act: () => Promise<OperatorResult>;
}

export function fakeFleet(circuits: readonly CircuitOfFleet[] = []): FakeFleet {
  let view: FleetView = {
    at: AT,
    reports: true,
    store: { up: true, since: AT, latencyMs: 1 },
    circuits,
    processes: [],
  };
  const listeners = new Set<() => void>();
  const asked: unknown[][] = [];
  const verb =
    (name: string) =>
    (...args: unknown[]): Promise<OperatorResult> => {
      asked.push([name, ...args]);
      return fleet.act();
    };
  const fleet: FakeFleet = {
    asked,
    trail: [],
    reads: 0,
    closed: false,
    act: async () => ({ stored: true }),
    set(more) {
      view = { ...view, ...more };
      for (const listener of listeners) listener();
    },
    view: () => view,
    ready: async () => {},
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    events: async () => {
      fleet.reads++;
      return fleet.trail;
    },
    forAll: (names, act) => Promise.all(names.map((name) => act(fleet, name))),
    trip: verb("trip"),
    reset: verb("reset"),
    hold: verb("hold"),
    release: verb("release"),
    async [Symbol.asyncDispose]() {
      fleet.closed = true;
    },
  };
  return fleet;
}
