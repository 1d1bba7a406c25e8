// Every state that can come about within so many steps, each once, and what is wrong with any of them.
import { checksOf } from "./checks.mjs";
import { stepsOf, TICK } from "./process.mjs";
import { fork, hashOf, keyOf } from "./world.mjs";

/** So many ticks of health have to be enough from anywhere. */
const PATIENCE = 24;

export function explore(machine, options, depth, onDepth = () => undefined) {
  const steps = stepsOf(machine, options);
  const check = checksOf(machine, steps, options);
  const healed = new Set();
  const seen = new Set();
  let transitions = 0;
  let frontier = [begin()];
  seen.add(hashOf(keyOf(frontier[0])));
  for (let at = 0; at < depth && frontier.length > 0; at++) {
    const next = [];
    for (const world of frontier) {
      for (const [label, index, after, what] of successors(world)) {
        transitions++;
        const path = { label, before: world.path };
        const wrong = check(world, after, what, index);
        if (wrong) return { wrong, story: storyOf(path), states: seen.size, transitions, depth: at + 1 };
        const hash = hashOf(keyOf(after));
        if (seen.has(hash)) continue;
        seen.add(hash);
        after.path = path;
        const stuck = heal(after, hash);
        if (stuck)
          return { wrong: stuck, story: storyOf(path), states: seen.size, transitions, depth: at + 1 };
        next.push(after);
      }
    }
    frontier = next;
    onDepth(at + 1, seen.size, transitions, frontier.length);
  }
  return { states: seen.size, transitions, depth, complete: frontier.length === 0 };

  /**
   * Three processes that know nothing; or, where it starts `open`, that all know it open since a call of one failed;
   * or, `leased`, that know of the lease of one, whose probe is under way.
   */
  function begin() {
    const { crashes = 0, losses = 0, cuts = 0, forgets = 0, operations = 0, start = "closed" } = options;
    const world = {
      now: 1_000,
      store: null,
      /** What a store that loses its last write has again. */
      old: null,
      /** What was written, and may be heard any number of times or never, in any order. */
      net: [],
      /** Writes whose senders no longer wait. */
      orphans: [],
      /** How many faults of each kind there still may be. */
      left: { crashes, losses, cuts, forgets, operations },
      /** A promise that only a store that remembers can keep is not to be looked at any more. */
      forgot: false,
      tied: false,
      tie: 1,
      members: [0, 1, 2].map((index) => steps.newProcess(index, 0)),
      path: undefined,
    };
    if (start === "closed") return world;
    const [first, ...others] = world.members;
    const carryOut = () => {
      first.write = steps.land(world, first.write);
      steps.answer(world, first);
      for (const other of others) steps.receive(world, other, world.store, false);
    };
    steps.enter(world, first);
    steps.failCall(world, first);
    carryOut();
    if (start === "leased") {
      while (steps.standing(world, first).state === "open") tick(world);
      steps.enter(world, first);
      carryOut();
      steps.enter(world, first);
    }
    world.old = null;
    prune(world);
    return world;
  }

  /** All that may happen next, each with who it happens to. */
  function* successors(world) {
    for (const [label, index, act] of possible(world)) {
      for (let tie = 1; tie <= 9; tie += 8) {
        const after = fork(world);
        after.tie = tie;
        const what = act(after, after.members[index]) ?? {};
        prune(after);
        yield [label, index, after, what];
        if (!after.tied) break;
      }
    }
  }

  function* possible(world) {
    const { left } = world;
    yield ["time passes", 0, tick];
    for (const [index, its] of world.members.entries()) {
      const { owner } = its;
      const { state } = steps.standing(world, its);
      if (state === "closed" ? !its.call : state !== "open")
        yield [`${owner}: a call`, index, (after, my) => steps.enter(after, my)];
      if (its.call)
        yield [
          `${owner}: the call fails`,
          index,
          (after, my) => {
            steps.failCall(after, my);
            return { failed: true };
          },
        ];
      if (its.trial)
        for (const how of ["succeeds", "fails", "is abandoned"])
          yield [
            `${owner}: the probe ${how}`,
            index,
            (after, my) => {
              steps.endTrial(after, my, how);
              return { probed: how === "succeeds", failed: how === "fails" };
            },
          ];
      if (its.write?.phase === "sent")
        yield [
          `${owner}: its ${its.write.kind} reaches the store`,
          index,
          (after, my) => {
            const { write } = my;
            my.write = steps.land(after, write);
            return { lands: write };
          },
        ];
      else if (its.write !== null)
        yield [
          `${owner}: its ${its.write.kind} is ${its.write.phase}`,
          index,
          (after, my) => steps.answer(after, my),
        ];
      if (its.write !== null && left.losses > 0)
        yield [
          `${owner}: no answer to its ${its.write.kind}`,
          index,
          (after, my) => {
            spend(after, "losses");
            steps.lose(after, my);
          },
        ];
      if (its.write === null && !its.down && steps.pending(world, its))
        yield [`${owner}: it proposes`, index, (after, my) => steps.flush(after, my)];
      for (const entry of world.net)
        if (!isOld(entry, its))
          yield [
            `${owner}: hears of ${entry.record.state} ${entry.record.revision}`,
            index,
            (after, my) => steps.receive(after, my, entry, false),
          ];
      if (its.down || its.stored?.raw !== world.store?.raw || its.sighting?.raw !== world.store?.raw)
        yield [`${owner}: reads the store`, index, (after, my) => steps.poll(after, my)];
      if (its.restoring) yield [`${owner}: restores`, index, (after, my) => steps.restore(after, my)];
      if (left.cuts > 0 && !its.down)
        yield [
          `${owner}: the store does not answer`,
          index,
          (after, my) => {
            spend(after, "cuts");
            my.down = true;
          },
        ];
      if (left.crashes > 0)
        yield [
          `${owner}: crashes, and starts again`,
          index,
          (after, my) => {
            spend(after, "crashes");
            if (my.write?.phase === "sent") after.orphans = [...after.orphans, my.write];
            after.members[index] = steps.newProcess(index, my.life + 1);
          },
        ];
      if (left.operations > 0 && its.write === null)
        for (const verb of ["trip", "reset"])
          yield [
            `an operator at ${owner}: ${verb}`,
            index,
            (after, my) => {
              spend(after, "operations");
              steps.operate(after, my, verb);
              after.forgot = true;
            },
          ];
    }
    for (const [at, orphan] of world.orphans.entries())
      yield [
        `a ${orphan.kind} of long ago reaches the store`,
        0,
        (after) => {
          after.orphans = after.orphans.filter((_, other) => other !== at);
          steps.land(after, orphan);
          return { lands: orphan };
        },
      ];
    if (left.forgets > 0) {
      if (world.store) yield ["the store is emptied", 0, (after) => forget(after, null)];
      if (world.old && world.old !== world.store)
        yield ["the store loses its last write", 0, (after) => forget(after, after.old)];
    }
  }

  function spend(world, what) {
    world.left = { ...world.left, [what]: world.left[what] - 1 };
  }

  function forget(world, entry) {
    spend(world, "forgets");
    world.forgot = true;
    world.store = entry;
    world.old = null;
  }

  function tick(world) {
    world.now += TICK;
  }

  /** From here on nothing goes wrong: it has to close everywhere, and all have to know the same. */
  function heal(from, hash) {
    if (healed.has(hash)) return undefined;
    const world = fork(from);
    const passed = [hash];
    for (let ticks = 0; ticks < PATIENCE; ticks++) {
      while (world.orphans.length > 0) steps.land(world, world.orphans.pop());
      for (let turns = 0; turns < 3; turns++) for (const my of world.members) recover(world, my);
      prune(world);
      if (inStep(world)) {
        for (const each of passed) healed.add(each);
        return undefined;
      }
      tick(world);
      world.orphans = [];
      const key = hashOf(keyOf(world));
      if (healed.has(key)) {
        for (const each of passed) healed.add(each);
        return undefined;
      }
      passed.push(key);
    }
    return `no state is a dead end: ${world.members.map((my) => `${my.owner} ${steps.standing(world, my).state}`).join(", ")} after ${PATIENCE} ticks of health`;
  }

  function recover(world, my) {
    const settleWrites = () => {
      for (let writes = 0; my.write !== null && writes < 16; writes++) {
        if (my.write.phase === "sent") my.write = steps.land(world, my.write);
        steps.answer(world, my);
      }
    };
    settleWrites();
    steps.poll(world, my);
    settleWrites();
    if (my.restoring) steps.restore(world, my);
    settleWrites();
    my.call = false;
    if (steps.standing(world, my).state !== "closed") steps.enter(world, my);
    settleWrites();
    if (steps.standing(world, my).state === "half-open" && !my.trial) steps.enter(world, my);
    if (my.trial) steps.endTrial(world, my, "succeeds");
    settleWrites();
  }

  function inStep(world) {
    return world.members.every((my) => {
      if (steps.standing(world, my).state !== "closed" || my.write !== null) return false;
      if (world.store === null) return my.sighting === null || my.sighting.record.state === "closed";
      // What an emptied store was told again may be behind what one process saw closed.
      return my.sighting?.raw === world.store.raw || (world.forgot && my.sighting?.record.state === "closed");
    });
  }
}

/** Everybody has seen something newer, and knows what the store holds. */
function prune(world) {
  if (world.net.length > 0)
    world.net = world.net.filter((entry) => world.members.some((my) => !isOld(entry, my)));
}
const isOld = (entry, my) =>
  my.sighting !== null &&
  my.stored &&
  my.sighting.record.revision >= entry.record.revision &&
  (my.sighting.record.revision > entry.record.revision || my.sighting.raw === entry.raw);

function storyOf(path) {
  const story = [];
  for (let step = path; step !== undefined; step = step.before) story.unshift(step.label);
  return story;
}
