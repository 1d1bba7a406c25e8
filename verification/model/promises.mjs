// What must hold for every step of the reducer, whatever came before it.
import { LEASE } from "./times.mjs";

const OPENS = new Set(["tripped", "probe-failed", "operator-opens"]);
const ENDS = new Set(["probe-succeeded", "probe-failed", "probe-released"]);
const TELLS = new Set(["record", "lease", "proposal", "operator-wrote"]);

/** The possible answers on a call, by the circuit's standing. */
const ANSWERS = {
  closed: ["closed"],
  open: ["reject"],
  "half-open": ["reject"],
  due: ["probe", "ask", "reject"],
};

/** No lease is longer. */
const LONGEST = 64 * LEASE;

export function promisesOf({ NEITHER_MOST, NO_PROBE, isOpenHereAlone, obeyed, standingOf }) {
  /** What is wrong with a step, if anything. `my` has the model's counts beside the state. */
  return function wrongStep(before, event, { state, effects, answer }, now, own, my) {
    // A caller that waited for the lease is not rejected by its own request.
    const waited = event.asked && before.probe.kind === "waiting";
    const was = standingOf(waited ? { ...before, probe: NO_PROBE } : before, now, own).kind;
    const is = standingOf(state, now, own);
    return (
      decisions(before, event, state, is.kind, now, own) ??
      told(event, state, standingOf(before, now, own), is, now) ??
      epochs(before, event, state) ??
      probes(before, event, state, effects, answer, now, own) ??
      closing(was, event, is.kind, state, own) ??
      (state.recovery.neither > NEITHER_MOST ? "what is counted has an end" : undefined) ??
      (my.wanting > 1 ? "at most one call is rejected for want of a lease" : undefined) ??
      agreement(state, is, now) ??
      answerTo(before, event, answer, was, now, own)
    );
  };

  function decisions(before, event, { decision }, is, now, own) {
    const late = before.probe.kind === "running" && now >= before.probe.untilMs;
    const says = event.type === "probe-failed" || event.type === "probe-succeeded";
    const unsure = late && says && !isOpenHereAlone(before, own);
    if (unsure && is !== "due")
      return "what a probe finds out after its lease is obeyed only once the store has it";
    if (OPENS.has(event.type) && is !== "open" && !unsure)
      return "what this process decided is obeyed here at once";
    if (event.type !== "probe-succeeded") return undefined;
    const passed = before.decision.passed ?? obeyed(before, own)?.record.passed ?? 0;
    const enough = passed + 1 >= own.settings.probes;
    return decision.kind === (enough ? "closed" : "released")
      ? undefined
      : "so many probes close, and no fewer";
  }

  /** A record from others is adopted. */
  function told(event, state, was, is, now) {
    if (TELLS.has(event.type) && state.record !== event.record) return "what is heard is known";
    switch (event.type) {
      case "operator-wrote":
        return state.decision.kind === "none" ? undefined : "what an operator did is the last word";
      case "hold":
        return state.hold === (holdOf(event, now) && event.hold) ? undefined : "a hold is heard of";
      case "asked-for-longer":
        return is.untilMs >= was.untilMs || was.kind !== "open"
          ? undefined
          : "nothing makes the open time shorter";
    }
    return undefined;
  }

  function epochs(before, event, state) {
    if (state.epoch < before.epoch) return "epochs only grow";
    const begins =
      state.admissionKind !== before.admissionKind || OPENS.has(event.type) || ENDS.has(event.type);
    return begins && state.epoch === before.epoch
      ? "whatever opens, closes or holds begins an epoch"
      : undefined;
  }

  function probes(before, event, state, effects, answer, now, own) {
    if (answer === "probe") {
      const { probe } = state;
      const under = probe.epoch === state.epoch && state.epoch > before.epoch;
      const ends = probe.untilMs > now && probe.untilMs - now <= LONGEST;
      if (probe.kind !== "running" || !under || !ends)
        return "a probe runs under an epoch of its own, until its lease ends";
      if (before.probe.kind === "running" && now < before.probe.untilMs)
        return "one probe at a time runs here";
      const record = obeyed(before, own);
      const { owner = "" } = record?.record ?? {};
      if (owner !== "" && owner !== own.owner && now < record.deadline)
        return "no probe runs here while another lease is known to";
    }
    if (!ENDS.has(event.type)) return undefined;
    const gone = state.probe.kind === "none" && state.decision.kind !== "none";
    const proposes = effects.some(({ type }) => type === "propose");
    return gone && proposes ? undefined : "a probe that ends gives its lease up";
  }

  function closing(was, event, is, { record }, { settings }) {
    // There the circuit closes when its time is over.
    if (settings.recovery === "all") return undefined;
    if (is !== "closed" || was === "closed" || event.type === "probe-succeeded") return undefined;
    if (TELLS.has(event.type) && record?.record.state === "closed") return undefined;
    return `only a probe that succeeded, an operator or the fleet closes: ${event.type} did`;
  }

  /** The announced state, the admission and the standing agree. */
  function agreement(state, is, now) {
    const closed = is.kind === "closed";
    if (state.probe.kind === "running" && (closed || is.kind === "open"))
      return `it is ${is.kind}, and a probe runs`;
    if ((state.announced === "closed") !== closed)
      return `it is ${is.kind}, and ${state.announced} is announced`;
    const hold = holdOf(state, now);
    const admissionKind = hold === "closed" ? "held" : hold === "open" || !closed ? "rejecting" : "closed";
    if (state.admissionKind !== admissionKind)
      return `it is ${is.kind}, and calls are admitted as ${state.admissionKind}`;
    return "untilMs" in is && is.untilMs <= now ? "what is over does not stand" : undefined;
  }

  function answerTo(before, event, answer, was, now, own) {
    if (event.type !== "call") return undefined;
    const hold = holdOf(before, now);
    if (hold !== undefined)
      return answer === (hold === "closed" ? "held" : "reject") ? undefined : "an operator's hold is obeyed";
    if (!ANSWERS[was].includes(answer)) return `it is ${was}, and a call meets ${answer}`;
    if (was !== "due" || answer === "probe") return undefined;
    if (event.storeFails) return "a call does not wait for a store that fails";
    return obeyed(before, own)?.record.owner === own.owner && now < before.record.deadline
      ? "a lease is kept for the next call"
      : undefined;
  }

  function holdOf({ hold }, now) {
    return hold !== undefined && now < hold.untilMs ? hold.state : undefined;
  }
}
