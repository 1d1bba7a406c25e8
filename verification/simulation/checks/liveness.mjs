// A circuit recovers, whoever calls it and however, within a number of calls, not of seconds.
import { milliseconds } from "./facts.mjs";

/** The length of a first lease; with a callTimeout it is that plus a second, in ms. */
const LEASE_MS = 10_000;
const LEASE_MARGIN_MS = 1_000;
/** The longest time that a request for the lease is under way, in ms. */
const REQUEST_MS = 6_000;

export function makeLiveness(found, world, plan) {
  const { time } = world;
  const fail = (promise, what) => plan.pace && found(promise, what);
  /** By circuit: how often the fleet opened it, how many leases were given back, and who has the lease. */
  const fleet = new Map();
  const ofFleet = (name) => {
    if (!fleet.has(name)) fleet.set(name, { openings: 0, returned: 0, holder: "", leasedAt: 0 });
    return fleet.get(name);
  };
  /** By host and circuit, however many processes live there one after the other. */
  const callers = new Map();
  const ofCaller = (member, name) => {
    const key = `${member.index} ${name}`;
    if (!callers.has(key))
      callers.set(key, { openings: 0, reopening: "", refused: 0, recovered: 0, served: 0 });
    return callers.get(key);
  };
  const { callTimeout } = plan.options;
  const isUpdated = plan.events.some(({ what, options }) => what === "update" && "probes" in options);
  const probes = Math.max(plan.options.probes ?? 1, isUpdated ? 3 : 1);
  const first = callTimeout === undefined ? LEASE_MS : milliseconds(callTimeout) + LEASE_MARGIN_MS;
  /** A stream's outcome comes with its last item, some of which are late. */
  const streamMs = plan.kinds?.includes("stream") ? 5_200 * Number.parseFloat(plan.options.idleTimeout) : 0;
  /** The number of leases that lapse before one is as long as the call. */
  const lapses = Math.max(0, Math.ceil(Math.log2((1.1 * (plan.latencyMs ?? 0) + streamMs) / first)));
  // A probe that outlived its lease is served, too, and so are calls from before.
  const served = probes * (lapses + 1) + (plan.latencyMs === undefined ? 2 : 4);
  // Some jobs are killed before they can tell the store, and all of them if it is far.
  const far = (plan.network.distanceMs ?? 0) > 0;
  const enough = plan.killed ? (far ? Number.POSITIVE_INFINITY : 2 * served) : served;

  /** The store can't be asked, and each caller learns that at once. */
  function refusedAtOnce(member, circuit, began) {
    const atOnce = world.store.refuses() && member.cut === "" && began.waits && time.now() - began.at < 1;
    if (atOnce && began.due)
      fail(
        "a request for the lease that fails at once makes its caller the probe",
        `${member.name}: a call through ${circuit.name} was rejected`,
      );
  }
  /** Another process's lease runs, as far as the store knows. */
  function othersLease(member, name) {
    const record = world.store.record(name);
    if (record?.state !== "half-open" || !record.owner) return false;
    const { holder, leasedAt } = ofFleet(name);
    // If the store tells no time, it was written by the wall clock of the process that has the lease.
    const leftMs = plan.tells ? record.until - world.store.now() : leasedAt + record.duration - time.now();
    return leftMs > -1 && holder !== member.name;
  }
  const wokeWithin = (member, ms) => time.now() - member.pausedUntil < ms;
  /** A request is given up in time, unless the process was blocked. */
  const requests = (member, name) => {
    const sent = member.requests.get(`circuit:${name}`);
    return sent !== undefined && (wokeWithin(member, 10) || sent > time.now() - REQUEST_MS);
  };
  /** Jobs know nothing of one another but by the record, and a lease that a probe gave back leaves no trace there. */
  const openings = (member, name) => {
    const { openings, returned } = ofFleet(name);
    return `${openings} ${ofCaller(member, name).openings} ${plan.pace?.kind === "job" ? returned : 0}`;
  };

  return {
    othersLease,
    /** Possible reasons to reject a call, at its beginning. */
    callBegins(member, { name }, began) {
      const due = began.held === undefined && began.state === "half-open" && began.retryAfter === 0;
      began.due = due && !othersLease(member, name) && !requests(member, name);
    },
    admitted(member, { name }) {
      ofCaller(member, name).refused = 0;
    },
    served(member, circuit, began) {
      const its = ofCaller(member, circuit.name);
      its.served++;
      // As it wakes up, many calls that began before end at once.
      if (!world.healed || wokeWithin(member, 1_000) || began.state !== "half-open") return;
      its.recovered++;
      if (circuit.state !== "half-open") its.recovered = 0;
      else if (its.recovered > enough)
        fail(
          "a backend that is well closes it",
          `${member.name}: ${its.recovered} calls were served, and ${circuit.name} is still half-open`,
        );
    },
    rejected(member, circuit, began) {
      const { name } = circuit;
      const its = ofCaller(member, name);
      its.served = 0;
      if (circuit.state === "half-open") refusedAtOnce(member, circuit, began);
      // Lost to another process: its lease runs, or its probe ended, and calls go through again, or some of them.
      if (!world.healed || !began.due || othersLease(member, name) || circuit.state !== "half-open") return;
      const reopening = openings(member, name);
      if (its.reopening !== reopening) Object.assign(its, { reopening, refused: 0 });
      its.refused++;
      if (its.refused > 1)
        fail(
          "one call of a process is rejected for want of a lease",
          `${member.name}: ${its.refused} in a row since ${name} was due, and nobody probes`,
        );
    },
    /** Here, or as it heard: it may hear of it late. */
    opened(member, name) {
      ofCaller(member, name).openings++;
    },
    /** Without swap it may be half-open again without having opened. */
    closed(member, name) {
      if (plan.without.includes("swap")) ofCaller(member, name).refused = 0;
    },
    written(name, by, before, record) {
      const its = ofFleet(name);
      if (record.state === "open" && before?.generation !== record.generation) its.openings++;
      if (record.state === "half-open" && record.generation !== before?.generation)
        Object.assign(its, { holder: by, leasedAt: time.now() });
      if (record.state === "half-open" && !record.owner && before?.owner && !record.lapsed) its.returned++;
    },
    /** How many of its last calls in a row were served. */
    servedInARow: (index, name) => callers.get(`${index} ${name}`)?.served ?? 0,
  };
}
