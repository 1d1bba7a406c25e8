// `firstAvailable` calls past its circuits only if all are open, and then asks the one that reopens soonest.

export function checksOfFirstAvailable({ world, fail }) {
  const { isFailfastError } = world.library;

  return {
    /** Which circuits it asked, which calls it made, and the outcome. */
    firstAvailableEnds(member, whenAllOpen, asked, made, { error }) {
      const promise = "with all circuits open the one that reopens soonest is asked";
      const past = made.filter(({ through }) => !through);
      const isRejection = isFailfastError(error);
      const refused = asked.map((each) => each.refused);
      const all = refused.every((each) => each !== undefined && isFailfastError(each));
      const open = refused.filter((each) => each?.held !== "open");
      const soonest = Math.min(...open.map((each) => each?.retryAfterMs ?? Infinity));
      const tries = all && whenAllOpen === "try" && open.length > 0;
      const told = `${member.name}: ${past.length} calls past ${refused.map((each) => each?.retryAfterMs)}`;
      if (past.length !== (tries ? 1 : 0)) fail(promise, told);
      else if (tries && refused[asked.findIndex(({ n }) => n === past[0].n)].retryAfterMs > soonest)
        fail(promise, `${told}, c${past[0].n}`);
      if (isRejection !== (all && !tries)) fail(promise, `${told}: ${error}`);
    },
  };
}
