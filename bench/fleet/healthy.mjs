// Hours in which nothing is wrong: do slow calls under way trip a fleet's circuit? 100 processes with ten calls a
// second each make 36 thousand million calls, too many to make one by one. So the stretches of a few seconds in which
// a call could count as slow are drawn at random, and the shipped rule and the shipped count of calls under way run
// through each.
import { CallGroup, CallsUnderWay } from "../../build/breaker/under-way.js";
import { resolveSettings } from "../../build/policy/resolve-settings.js";
import { TripRule } from "../../build/policy/trip-rule.js";

export const HEALTH = {
  processes: 100,
  everyMs: 100,
  /** Log-normal latency: its median, and the latency that one call in a thousand exceeds. */
  medianMs: 10,
  p999Ms: 150,
  timeoutMs: 1_000,
  /** How often an hour a process's event loop is blocked, for 20 ms to a second. */
  pausesAnHour: 4,
  /** Every process is replaced once an hour. Its first connection takes that long, and its first calls wait for it. */
  connectMs: [50, 500],
};

const Z999 = 3.0902;
const SIGMA = Math.log(HEALTH.p999Ms / HEALTH.medianMs) / Z999;
const HOUR_MS = 3_600_000;
/** The time before and after the event of a stretch, in ms: the window is full of successful calls before. */
const LEAD_MS = 500;
const TAIL_MS = 1_500;

/**
 * How often a process votes in that many hours, and how often the fleet's circuit trips. The second also if each call
 * that times out is a vote, as with `threshold: 1`.
 */
export function healthyHours(options, hours, random, hangsFromMs = Infinity) {
  const settings = resolveSettings(30, {}, options);
  const { processes, everyMs, pausesAnHour } = HEALTH;
  const calls = (HOUR_MS / everyMs) * processes;
  const slowShare = above(settings.slowCall);
  const found = { votes: 0, trips: 0, timeouts: 0, tripsByTimeouts: 0, stretches: 0, run: 0, slow: 0 };
  for (let hour = 0; hour < hours; hour++) {
    const votes = [];
    const stretch = (process, about) => {
      found.stretches++;
      const at = runStretch(settings, about, random, hangsFromMs, found);
      if (at !== undefined) votes.push({ process, at: (about.atMs ?? 0) + at });
    };
    // Two calls of one process that are slow at the same time. Most slow calls are alone, and no rule counts them.
    const slow = draw(calls * slowShare, random);
    found.slow += slow;
    const byProcess = Array.from({ length: processes }, () => []);
    for (let n = 0; n < slow; n++) byProcess[Math.floor(random() * processes)].push(random() * HOUR_MS);
    for (const [process, times] of byProcess.entries()) {
      times.sort((a, b) => a - b);
      for (let n = 1; n < times.length; n++) {
        const gapMs = times[n] - times[n - 1];
        if (gapMs < HEALTH.timeoutMs) stretch(process, { atMs: times[n - 1], slowAt: [0, gapMs] });
      }
    }
    const timeouts = [];
    for (let n = draw(calls * above(HEALTH.timeoutMs), random); n > 0; n--)
      timeouts.push({ process: Math.floor(random() * processes), at: random() * HOUR_MS });
    for (let process = 0; process < processes; process++) {
      for (let n = draw(pausesAnHour, random); n > 0; n--) {
        const pauseMs = 20 * 50 ** random();
        if (pauseMs > 100) stretch(process, { atMs: random() * HOUR_MS, pauseMs });
      }
      const [least, most] = HEALTH.connectMs;
      // One after the other, as in a rolling deployment.
      stretch(process, {
        atMs: (process / processes) * HOUR_MS,
        connectMs: least + random() * (most - least),
      });
    }
    found.votes += votes.length;
    if (agree(votes, settings)) found.trips++;
    found.timeouts += timeouts.length;
    if (agree([...votes, ...timeouts], settings)) found.tripsByTimeouts++;
  }
  return found;
}

/**
 * One caller in the fleet is always slow, and votes all the time: the other votes of a quorum must come from distinct
 * hosts.
 */
function agree(votes, { quorum, openMs, window }) {
  const lastsMs = Math.max(openMs, window);
  votes.sort((a, b) => a.at - b.at);
  return votes.some(({ at }, first) => {
    const hosts = new Set([0]);
    for (let n = first; n < votes.length && votes[n].at - at <= lastsMs; n++) hosts.add(votes[n].process);
    return hosts.size >= quorum;
  });
}

/** One process for some seconds, its event loop in order of time. Returns when it trips, if it does. */
function runStretch(settings, { slowAt = [], pauseMs = 0, connectMs = 0 }, random, hangsFromMs, found) {
  const pause = { from: LEAD_MS, to: LEAD_MS + pauseMs };
  const calls = slowAt.map((ms) => ({ ms: LEAD_MS + ms, takesMs: latency(random, settings.slowCall) }));
  for (let ms = random() * HEALTH.everyMs; ms < pause.to + TAIL_MS; ms += HEALTH.everyMs) {
    // A new process, whose calls wait for the connection.
    const waitMs = Math.max(0, connectMs - ms);
    calls.push({ ms, takesMs: ms >= LEAD_MS + hangsFromMs ? Infinity : waitMs + latency(random) });
  }
  // No rule trips on fewer than three slow calls, whatever made them slow.
  const slow = calls.filter(({ ms, takesMs }) => {
    const endMs = ms + takesMs;
    return (endMs > pause.from && endMs < pause.to ? pause.to : endMs) - ms >= settings.slowCall;
  });
  if (slow.length < 3) return undefined;
  found.run++;
  // The last one is the next.
  const events = [];
  const at = (ms, run) => {
    let [low, high] = [0, events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (events[middle].ms > ms) low = middle + 1;
      else high = middle;
    }
    events.splice(low, 0, { ms, run });
  };
  let now = 0;
  let tripped;
  const clock = {
    now: () => now,
    random,
    after: (ms, run) => {
      at(now + ms, run);
      return () => {};
    },
    blocked: (since) => Math.max(0, Math.min(now, pause.to) - Math.max(since, pause.from)),
  };
  const rule = new TripRule(settings);
  const admission = { kind: "closed", admitsAll: true, epoch: 0 };
  const breaker = {
    settings,
    session: {
      clock,
      now: clock.now,
      coarse: clock.now,
      readingFor: () => clock.now,
      replica: { synchroniser: {} },
    },
    current: {
      epoch: 0,
      remoteOpen: "obeyed",
      probe: { kind: "none" },
      decision: { kind: "none" },
      recovery: { reopens: 0 },
    },
    traffic: { ofThisHost: false, slowUnderWay: (...calls) => rule.slowUnderWay(...calls) },
    counts: { closedAtMs: -Infinity },
    counting: { trips: 0 },
    dispatch: () => {
      tripped ??= now;
    },
  };
  const underWay = new CallsUnderWay(breaker);
  const fresh = connectMs > 0;
  if (!fresh) for (let n = 100; n > 0; n--) rule.record(-n * 80, false, false);
  const begin = (latencyMs) => {
    const call = new CallGroup(admission, now);
    underWay.add(call);
    const endMs = Math.min(latencyMs, HEALTH.timeoutMs);
    at(now + endMs, () => {
      call.underWay--;
      const failed = latencyMs >= HEALTH.timeoutMs;
      const slow = endMs >= settings.slowCall;
      const why =
        call.countedAtMs === undefined
          ? rule.record(now, failed, slow && clock.blocked(call.beganMs) < endMs / 3)
          : rule.ended(now, failed, call.countedAtMs);
      if (why !== undefined) tripped ??= now;
    });
  };
  for (const { ms, takesMs } of calls) at(ms, () => begin(takesMs));
  while (events.length > 0 && tripped === undefined) {
    const { ms, run } = events.pop();
    // Events that are due while the loop is blocked happen at once afterwards.
    const due = ms > pause.from && ms < pause.to ? pause.to : ms;
    now = Math.max(now, due);
    run();
  }
  return tripped;
}

/** The latency of a successful call that takes at least that long. */
function latency(random, least = 0) {
  if (least === 0) return HEALTH.medianMs * Math.exp(SIGMA * gauss(random));
  const from = 1 - above(least);
  return HEALTH.medianMs * Math.exp(SIGMA * quantile(from + (1 - from) * random()));
}

/** The share of calls that take longer. */
export const above = (ms) => 1 - normal(Math.log(ms / HEALTH.medianMs) / SIGMA);

const gauss = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Poisson. */
function draw(mean, random) {
  if (mean > 50) {
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * gauss(random)));
  }
  let product = random();
  let count = 0;
  for (const least = Math.exp(-mean); product > least; product *= random()) count++;
  return count;
}

/**
 * The normal distribution (Abramowitz and Stegun 26.2.17, by complement; exact to 1e-7, and in the tail to per cents).
 */
function normal(x) {
  if (x < 0) return 1 - normal(-x);
  const t = 1 / (1 + 0.2316419 * x);
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - tail;
}

/** Its inverse, by bisection. */
function quantile(p) {
  let [low, high] = [-9, 9];
  for (let n = 0; n < 40; n++) {
    const middle = (low + high) / 2;
    if (normal(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
