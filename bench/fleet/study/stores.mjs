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
    title: "Where each store stops",
    before: [
      "What real servers take on the loopback, from one client process, on a machine of two cores that others used too:",
      "so at least this much. From it, how many processes each store carries: as many as it has connections for, with",
      "its default settings (a process has one, or two where it subscribes); as many as can poll it, every 15 s",
      "with push and every second without; and to how many it pushes a change within a second.",
    ],
    columns: [
      "store",
      "polls/s",
      "swaps/s",
      "pushes/s",
      "processes: connections",
      "processes: polls",
      "told within 1 s",
      "stops at",
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
        what: "every store carries a hundred processes by its polls",
        aim: "≥ 100",
        found: limits.map(({ name, polls }) => `${name} ${thousands(polls)}`).join(", "),
        met: limits.every(({ polls }) => polls >= 100),
      },
    ],
    plots: [
      {
        file: "stores",
        alt: "How many processes each store carries",
        svg: dots({
          title: "How many processes each store carries, by what limits it",
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
      "- **redis**: two connections for each process, the caller's and the subscriber's; then `maxclients`. A list is one",
      "  script over an index.",
      "- **postgres**: connections by far. `LISTEN` needs one of its own that no transaction pooler can share: raise",
      "  `max_connections`, or leave push out and let a pooler share the rest.",
      "- **mysql**: connections again; it has no push, so each process polls once a second.",
      "- **nats**: one connection for all, and 65 536 of them by its documentation; its poll reads the bucket key by key.",
      "- **memcached**: connections; a poll is two batches of reads, every second, for all the circuits in use.",
      "- **file**: the watchers that one user may have on a host; processes beyond them poll each second.",
      ...(missing.length > 0 ? ["", `Not installed here: ${missing.join(", ")}.`] : []),
    ],
  };
}
