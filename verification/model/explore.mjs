// Every state that can be reached within that many steps, each once, and what is wrong with any of them.
import { checksOf } from "./checks.mjs";
import { healOf, RECOVERIES } from "./heal.mjs";
import { hashOf, keyOf } from "./key.mjs";
import { processesOf } from "./process.mjs";
import { promisesOf } from "./promises.mjs";
import { stepsOf } from "./steps.mjs";
import { begin } from "./world.mjs";

/**
 * `recoveries`: the ways in which each new state has to heal: all of them, or a number of each in turn, so that all
 * are tried within a few states.
 */
export function explore(library, options, depth, recoveries = Infinity) {
  const process = processesOf(library, options, promisesOf(library));
  const successors = stepsOf(process, options);
  const check = checksOf(library, process, options);
  const heal = healOf(process, options);
  const ways = Object.keys(RECOVERIES).filter((name) => !(options.without ?? []).includes(name));
  const seen = new Set();
  let transitions = 0;
  const first = begin(process, options);
  seen.add(hashOf(keyOf(first)));
  let frontier = [first];
  for (let at = 0; at < depth && frontier.length > 0; at++) {
    const next = [];
    for (const world of frontier) {
      for (const [label, index, after, what] of successors(world)) {
        transitions++;
        const path = { label, before: world.path };
        const broken = (wrong, trace = []) => ({
          wrong,
          story: [...storyOf(path), ...trace],
          states: seen.size,
          transitions,
          depth: at + 1,
        });
        const wrong = after.wrong ?? check(world, after, what, index);
        if (wrong) return broken(wrong);
        const hash = hashOf(keyOf(after));
        if (seen.has(hash)) continue;
        seen.add(hash);
        after.path = path;
        for (let n = 0; n < Math.min(recoveries, ways.length); n++) {
          const stuck = heal(after, ways[(seen.size + n) % ways.length]);
          if (stuck) return broken(stuck.wrong, stuck.trace);
        }
        next.push(after);
      }
    }
    frontier = next;
  }
  return { states: seen.size, transitions, depth, complete: frontier.length === 0 };
}

function storyOf(path) {
  const story = [];
  for (let step = path; step !== undefined; step = step.before) story.unshift(step.label);
  return story;
}
