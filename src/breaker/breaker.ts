import { generationOf, inForce, type Overlay, proposal, stands } from "../machine/overlay.js";
import {
  type CircuitRecord,
  type CircuitState,
  LEASE_LONGEST_MS,
  LEASE_MS,
  OPERATOR_LONGEST_MS,
  type OverrideRecord,
  type Sighting,
} from "../machine/record.js";
import { type Standing, standing } from "../machine/standing.js";
import { leased, type Stamp } from "../machine/transition.js";
import type { Entry, Subscriber } from "../replica/entry.js";
import { write } from "../replica/writer.js";
import type { CircuitSettings } from "../surface/options.js";
import { BreakerReports } from "./reports.js";
import type { Fleet } from "./fleet.js";
import { FIRST_TERM, SHUT, Term } from "./term.js";

/** How long an async caller waits for the lease it asked for. */
const LEASE_WAIT_MS = 50;

/** The trial call under way, or a local right to one. */
interface Probe {
  readonly term: Term;
  /** When it no longer keeps others out, on the local monotonic clock. */
  readonly until: number;
}
