import { CAPACITIES, capacityOf } from "../capacity.mjs";
import { dots } from "../plot.mjs";
import { thousands } from "./words.mjs";

/** Seconds between two polls of a process. */
const PUSHED = 15;
const POLLED = 1;

export async function storesStudy() {
  const found = [];
  const missing = [];
  for (const name of CAPACITIES) {
    const capacity = await capacityOf(name);
    if (capacity === undefined) missing.push(name);
    else found.push({ name, ...capacity });
  }
  const limits = found.map((store) => {
    const connections = store.connections / store.each;
    const polls = store.polls * (store.pushes ? PUSHED : POLLED);
    const most = Math.min(connections, polls);
    return {
      ...store,
      pollsEach: store.polls,
      connections,
      polls,
      most,
      why: most === connections ? store.setting : "polls",
    };
  });
  return {
    title: "How many processes each store serves",
    before: [
      "Measured with real servers on the loopback, from one client process, on a busy machine of two cores; so a store can do at least",
      "this much. Three things limit the number of processes:",
      "",
      "- connections, with the store's default settings: a process needs one, or two if it subscribes;",
      "- polls: a process polls every 15 s with push, and every second without;",
      "- pushes: the number of processes that a change reaches within a second.",
    ],
    columns: [
      "store",
      "polls/s",
      "swaps/s",
      "pushes/s",
      "processes: connections",
      "processes: polls",
      "reached within 1 s",
      "limit",
    ],
    rows: limits.map(({ name, pollsEach, polls, pushes, swaps, connections, most, why }) => [
      name,
      thousands(pollsEach),
      thousands(swaps),
      pushes === undefined ? "—" : thousands(pushes),
      thousands(connections),
      thousands(polls),
      pushes === undefined ? "—" : thousands(pushes),
      `${thousands(most)}: ${why}`,
    ]),
    checks: [
      {
        what: "every store can serve the polls of 100 processes",
        aim: "≥ 100",
        found: limits.map(({ name, polls }) => `${name} ${thousands(polls)}`).join(", "),
        met: limits.every(({ polls }) => polls >= 100),
      },
    ],
    plots: [
      {
        file: "stores",
        alt: "How many processes each store serves",
        svg: dots({
          title: "How many processes each store serves, by what limits it",
          x: { label: "processes", from: 10, to: 1_000_000 },
          series: ["connections, by default", "polls", "changes seen within a second"],
          rows: limits.map(({ name, connections, polls, pushes }) => ({
            name,
            values: [connections, polls, pushes],
          })),
        }),
      },
    ],
    after: [
      "- **redis**: the limit is `maxclients`. Each process needs two connections, yours and one to subscribe. A poll is one script",
      "  over an index.",
      "- **postgres**: the limit is connections. `LISTEN` needs a connection of its own, which no transaction pooler can share: raise",
      "  `max_connections`, or turn push off and share the other connections through a pooler.",
      "- **mysql**: the limit is connections. It has no push, so each process polls once a second.",
      "- **nats**: the limit is polls: a poll reads the bucket key by key. Each process needs one connection, and the server allows",
      "  65 536 by its documentation.",
      "- **memcached**: the limit is connections. A poll is two batches of reads, every second, for all circuits in use.",
      "- **file**: the limit is the number of watchers that one user may have on a host. Processes beyond it poll every second.",
      ...(missing.length > 0 ? ["", `Not installed here: ${missing.join(", ")}.`] : []),
    ],
  };
}
