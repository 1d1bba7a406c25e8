// All possible next steps in a world, each with its process.
import { OPEN, TICK } from "./times.mjs";
import { forget, fork, isOld, prune, spend, tick } from "./world.mjs";

/** More than this number of waiting callers shows nothing new. */
const WAITING = 2;

export function stepsOf(process, options) {
  const { async = true, sync = true } = options;

  return function* successors(world) {
    for (const [label, index, act] of possible(world)) {
      // Twice, if a random nonce decides between two writes.
      for (let tie = 1; tie <= 9; tie += 8) {
        const after = fork(world);
        after.tie = tie;
        const what = act(after, after.members[index]) ?? {};
        prune(after);
        yield [label, index, after, what];
        if (!after.tied) break;
      }
    }
  };

  function* possible(world) {
    yield ["time passes", 0, tick];
    for (const [index, its] of world.members.entries()) {
      for (const [label, act] of [
        ...callsOf(world, its),
        ...writesOf(world, its),
        ...newsOf(world, its),
        ...faultsOf(world, its),
        ...operationsOf(world, its),
      ])
        yield [`${its.owner}: ${label}`, index, act];
    }
    yield* storeSteps(world);
  }

  function* callsOf(world, its) {
    const { kind } = process.standing(world, its);
    const held = its.state.hold !== undefined;
    if (kind === "closed" ? its.call === undefined : kind === "due" || held) {
      if (async && its.waiting.length < WAITING)
        yield ["a call that can wait", (after, my) => process.enter(after, my, true)];
      if (sync && kind !== "closed")
        yield ["a call that can't wait", (after, my) => process.enter(after, my, false)];
    }
    if (its.call !== undefined) yield ["the call fails", failed((after, my) => process.failCall(after, my))];
    if (its.waiting.some((until) => world.now >= until))
      yield ["a caller waits no longer", (after, my) => process.enterAgain(after, my)];
    if (its.late)
      for (const openMs of [TICK, 2 * OPEN])
        yield [
          `a call from before asks for ${openMs} ms`,
          (after, my) => process.askForLonger(after, my, openMs),
        ];
    if (its.state.probe.kind !== "running") return;
    yield [
      "the probe succeeds",
      (after, my) => {
        process.endProbe(after, my, "succeeds");
        return { probed: true };
      },
    ];
    yield ["the probe fails", failed((after, my) => process.endProbe(after, my, "fails"))];
    yield ["the probe is released", (after, my) => process.endProbe(after, my, "is released")];
    if (world.left.pauses > 0)
      yield [
        "the probe meets another open circuit",
        (after, my) => {
          spend(after, "pauses");
          process.endProbe(after, my, "is released", OPEN);
        },
      ];
  }

  function* writesOf(world, its) {
    const { write } = its;
    if (write?.phase === "sent")
      yield [
        `its ${write.kind} reaches the store`,
        (after, my) => {
          my.write = process.land(after, write);
          return { lands: write };
        },
      ];
    else if (write !== null)
      yield [`its ${write.kind} is ${write.phase}`, (after, my) => process.answer(after, my)];
    if (write !== null && world.left.losses > 0)
      yield [
        `no answer to its ${write.kind}`,
        (after, my) => {
          spend(after, "losses");
          process.lose(after, my);
        },
      ];
    if (write === null && !its.down && (its.leaseDelayed || process.pending(world, its)))
      yield ["it proposes", (after, my) => process.flush(after, my)];
  }

  function* newsOf(world, its) {
    for (const entry of world.net)
      if (!isOld(entry, its))
        yield [
          `hears of ${entry.record.state} ${entry.record.revision}`,
          (after, my) => process.hear(after, my, entry, false),
        ];
    if (its.down || its.stored?.raw !== world.store?.raw || its.cached?.raw !== world.store?.raw)
      yield ["reads the store", (after, my) => process.poll(after, my)];
    if (its.restoring) yield ["restores", (after, my) => process.restore(after, my)];
    if (its.state.hold !== world.hold && !(world.hold?.untilMs <= world.now && its.state.hold === undefined))
      yield ["hears of the operator's hold", (after, my) => process.hold(after, my)];
    if (its.state.hold !== undefined && world.now >= its.state.hold.untilMs)
      yield ["the hold is over", (after, my) => process.wake(after, my)];
  }

  function* faultsOf(world, its) {
    const { left } = world;
    if (left.cuts > 0 && !its.down)
      yield [
        "the store does not answer",
        (after, my) => {
          spend(after, "cuts");
          my.down = true;
        },
      ];
    if (left.crashes > 0)
      yield [
        "crashes, and starts again",
        (after, my) => {
          spend(after, "crashes");
          restart(process, after, my);
        },
      ];
  }

  function* operationsOf(world, its) {
    const { left } = world;
    if (its.operation !== "" && its.write === null)
      yield [`the operator's ${its.operation} is sent`, (after, my) => process.sendOperation(after, my)];
    if (left.operations > 0 && its.operation === "")
      for (const verb of ["trip", "reset"])
        yield [
          `an operator: ${verb}`,
          (after, my) => {
            spend(after, "operations");
            process.operate(after, my, verb);
            after.forgot = true;
            return { operated: true };
          },
        ];
  }

  function* storeSteps(world) {
    for (const [at, orphan] of world.orphans.entries())
      yield [
        `a ${orphan.kind} of long ago reaches the store`,
        0,
        (after) => {
          after.orphans = after.orphans.filter((_, other) => other !== at);
          process.land(after, orphan);
          return { lands: orphan };
        },
      ];
    const { left } = world;
    if (left.forgets > 0) {
      if (world.store) yield ["the store is emptied", 0, (after) => forget(after, null)];
      if (world.old && world.old !== world.store)
        yield ["the store loses its last write", 0, (after) => forget(after, after.old)];
    }
    if (left.holds > 0)
      for (const state of world.hold === undefined ? ["open", "closed"] : [undefined])
        yield [
          state === undefined ? "an operator releases" : `an operator holds it ${state}`,
          0,
          (after) => {
            spend(after, "holds");
            const untilMs = after.now + OPEN;
            after.hold = state && { state, untilMs, record: HOLD_RECORD };
          },
        ];
  }
}

const HOLD_RECORD = {};

const failed = (act) => (after, my) => {
  act(after, my);
  return { failed: true };
};

/** It crashes, and starts again without state. Its requests may still arrive. */
export function restart(process, world, my) {
  if (my.write?.phase === "sent") world.orphans = [...world.orphans, my.write];
  world.members[my.index] = process.newProcess(my.index, my.life + 1);
}
