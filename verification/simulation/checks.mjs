// What must hold at every step, whatever happens. Each check names its promise; the folder has a file for each kind.
import { makeAgreement } from "./checks/agreement.mjs";
import { checksOfCalls } from "./checks/calls.mjs";
import { makeCounting } from "./checks/counting.mjs";
import { factsOf } from "./checks/facts.mjs";
import { checksOfFirstAvailable } from "./checks/first-available.mjs";
import { makeLedger } from "./checks/ledger.mjs";
import { makeLiveness } from "./checks/liveness.mjs";
import { checksOfProbes } from "./checks/probes.mjs";
import { checksOfRecords } from "./checks/records.mjs";
import { checksOfResults } from "./checks/results.mjs";
import { checksOfStreams } from "./checks/streams.mjs";
import { checksOfTransitions } from "./checks/transitions.mjs";
import { checksOfUpdates } from "./checks/updates.mjs";

export function makeChecks(world, plan) {
  const { time } = world;
  const violations = [];
  /** Each once, whatever its figures. */
  const found = new Set();
  const fail = (promise, what) => {
    const kind = `${promise} ${what.replace(/[\d.']+/g, "#")}`;
    if (!found.has(kind)) violations.push({ promise, what, at: time.now() });
    found.add(kind);
  };
  const shared = {
    world,
    plan,
    fail,
    facts: factsOf(plan),
    ledger: makeLedger(world),
    stats: { calls: 0, rejected: 0, probes: 0, checks: 0, trips: 0, closings: 0, writes: 0 },
    agreement: makeAgreement(fail, plan),
    counting: makeCounting(plan),
    liveness: makeLiveness(fail, world, plan),
  };
  const records = checksOfRecords(shared);
  const probes = checksOfProbes(shared, records);
  const { ledger, counting, liveness, stats } = shared;

  return {
    violations,
    /** Nothing more to check. */
    over: () => violations.length > 0 && !world.through,
    fail,
    stats,
    counting,
    servedInARow: liveness.servedInARow,
    operatorActs: ledger.operatorActs,
    written: records.written,
    checkBegins: probes.checkBegins,
    checkEnds: probes.checkEnds,
    checkSucceeds: probes.checkSucceeds,
    ...checksOfCalls(shared, probes),
    ...checksOfResults(shared),
    ...checksOfStreams(shared),
    ...checksOfTransitions(shared, records),
    ...checksOfUpdates(shared),
    ...checksOfFirstAvailable(shared),
  };
}
