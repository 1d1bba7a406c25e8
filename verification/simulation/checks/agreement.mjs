// A circuit's reported state and the outcome of a call agree at every moment.

/** The coarse clock may decide a rejection, and people read tenths of a second, in ms. */
const COARSE_MS = 60;
const TENTH_MS = 100;

export function makeAgreement(fail, plan) {
  /** By member and circuit: the last transition that was emitted. */
  const told = new Map();
  const { recovery, rampUp } = plan.options;
  const disagree = (member, circuit, what) =>
    plan.pace && fail("state, snapshot, events and calls agree", `${member.name}: ${circuit.name} ${what}`);

  /** The reported standing: state, hold, and when the circuit may be called again. */
  function standing(member, circuit) {
    const { state, held, retryAfter } = circuit;
    const snapshot = circuit.snapshot();
    if (
      snapshot.state !== state ||
      snapshot.held !== held ||
      Math.abs(snapshot.retryAfter - retryAfter) > 1e-6
    )
      disagree(
        member,
        circuit,
        `is ${state} for ${retryAfter} s, and its snapshot ${snapshot.state} for ${snapshot.retryAfter} s`,
      );
    if (state === "closed" && retryAfter > 0) disagree(member, circuit, `is closed for ${retryAfter} s`);
    if (state === "open" && retryAfter === 0) disagree(member, circuit, "is open, and may be called");
    if (held !== undefined && state !== held) disagree(member, circuit, `is held ${held}, and is ${state}`);
    return { state, held, retryAfter };
  }

  return {
    standing,

    /** The synchronous part of the call is over: its outcome agrees with the reported standing. */
    met(member, circuit, began) {
      // With its first call a process begins to follow the store, and some stores answer at once.
      if (began.first && circuit.snapshot().generation !== began.generation) return;
      const { state, held, retryAfter, outcome } = began;
      const said = `was ${held ? "held " : ""}${state} for ${retryAfter} s, and a call was ${outcome}`;
      if (state === "closed" && outcome === "rejected" && rampUp === undefined)
        disagree(member, circuit, said);
      if (state === "open" && outcome !== "rejected") disagree(member, circuit, said);
      if (state === "half-open" && retryAfter > 0 && outcome !== "rejected") disagree(member, circuit, said);
    },

    /** The error of a rejection agrees with it. */
    rejected(member, circuit, error) {
      const { state, retryAfter } = circuit;
      if (error.state !== state)
        disagree(member, circuit, `is ${state}, and a call is rejected as ${error.state}`);
      // It never tells a caller to come back at once.
      const more = error.retryAfterMs - retryAfter * 1_000;
      if (retryAfter > 1 && (more > COARSE_MS || more < -COARSE_MS - TENTH_MS))
        disagree(
          member,
          circuit,
          `may be called in ${retryAfter} s, and a call is told ${error.retryAfterMs} ms`,
        );
    },

    /** A transition is emitted: it agrees with what anybody sees who looks. */
    moved(member, circuit, type) {
      told.set(`${member.name} ${circuit.name}`, type);
      const is = type === "close" ? "closed" : type;
      if (circuit.held === undefined && circuit.state !== is)
        disagree(member, circuit, `is told to be ${is}, and is ${circuit.state}`);
    },

    /** At rest: the last emitted transition still holds, except for what time alone changes. */
    step(member, circuit) {
      const { state, held } = standing(member, circuit);
      if (held !== undefined || member.held?.has(circuit.name)) return;
      const last = told.get(`${member.name} ${circuit.name}`) ?? "close";
      const byTime = { close: [], open: ["half-open"], "half-open": [] }[last];
      if (recovery === "all") byTime.push("closed");
      const is = last === "close" ? "closed" : last;
      if (state !== is && !byTime.includes(state))
        disagree(member, circuit, `is ${state}, and was last told to be ${is}`);
    },
  };
}
