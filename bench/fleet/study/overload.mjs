import { COLLAPSE, collapse } from "../collapse.mjs";
import { lines } from "../plot.mjs";
import { RETRIES, retries } from "../retries.mjs";
import { mean } from "./words.mjs";

/** Means over the runs of what there was in each second. */
async function runs(way, count, load) {
  const all = [];
  for (let seed = 1; seed <= count; seed++) all.push(await collapse(way, seed, load));
  const bySecond = (what) => all[0][what].map((_, second) => mean(all.map((run) => run[what][second])));
  const over = (what, from, to) => mean(bySecond(what).slice(from, to));
  return {
    served: bySecond("served"),
    during: over("served", 25, 40),
    after: over("served", 40, 60),
    arrived: over("arrived", 40, 60),
    asked: over("asked", 25, 40),
    trips: mean(all.map(({ trips }) => trips)),
  };
}

export async function collapseStudy(quick) {
  const ways = Object.keys(COLLAPSE);
  const loads = quick ? ["spike"] : ["spike", "ramp"];
  const found = {};
  for (const load of loads)
    for (const way of ways) found[`${load}: ${way}`] = await runs(way, quick ? 4 : 10, load);
  const [none, own, shared] = ways.map((way) => found[`spike: ${way}`]);
  return {
    title: "A collapse that stays",
    before: [
      "Brooker's simulator: a server whose latency is 1 s and 0.01 s more for each request in it, callers that give up",
      "after 3 s and try up to three times at once, 40 requests a second, and 80 for five seconds. Without a breaker",
      "the retries keep the server where the spike left it. Here the same, with 100 processes; means of 10 runs. failfast",
      "is set to five hosts (`quorum: 5`, open for 5 s), breakers of their own to five failures in 10 s.",
    ],
    columns: [
      "",
      "successes/s, 25 to 40 s",
      "40 to 60 s",
      "arrivals/s",
      "server calls/s, 25 to 40 s",
      "trips",
    ],
    rows: Object.entries(found).map(([name, { during, after, arrived, asked, trips }]) => [
      name,
      ...[during, after, arrived, asked, trips].map((value) => value.toFixed(1)),
    ]),
    checks: [
      {
        what: "collapse: successes a second from 40 s on, of those that arrive",
        aim: "≥ 39.5 of 40",
        found: `${shared.after.toFixed(2)} of ${shared.arrived.toFixed(2)}`,
        met: shared.after >= (39.5 / 40) * shared.arrived,
      },
      {
        what: "collapse: trips in a run",
        aim: "≤ 1.5",
        found: shared.trips.toFixed(2),
        met: shared.trips <= 1.5,
      },
      {
        what: "collapse: calls to the server a second from 25 to 40 s",
        aim: "≤ 26",
        found: shared.asked.toFixed(2),
        met: shared.asked <= 26,
      },
      {
        what: "collapse: successes a second without a breaker",
        aim: "at most three quarters of what arrives: it is the collapse that was published",
        found: none.after.toFixed(2),
        met: none.after < 0.75 * none.arrived && own.after > none.after,
      },
    ],
    plots: [
      {
        file: "collapse",
        alt: "Successes a second before, during and after a spike of five seconds",
        svg: lines({
          title: "Successes a second: 40 arrive, and 80 from 20 to 25 s",
          x: { label: "seconds", from: 0, to: 60 },
          y: { label: "successes a second", from: 0, to: 80 },
          series: [
            { name: "failfast, shared", points: shared.served.map((value, at) => [at, value]) },
            { name: "100 breakers of their own", points: own.served.map((value, at) => [at, value]) },
            { name: "no breaker", points: none.served.map((value, at) => [at, value]) },
          ],
          dots: false,
        }),
      },
    ],
    after: [],
  };
}

export async function retriesStudy(quick) {
  const clients = quick ? [100, 1_000] : [10, 30, 100, 300, 1_000];
  const seconds = quick ? 30 : 120;
  const found = {};
  for (const way of Object.keys(RETRIES))
    for (const failing of [0.01, 0.05, 0.5])
      for (const size of clients)
        found[`${way} ${failing} ${size}`] = await retries(way, { clients: size, failing, seconds });
  const [own, shared] = Object.keys(RETRIES);
  const least = Math.min(
    ...[0.01, 0.05].flatMap((f) => clients.map((n) => found[`${shared} ${f} ${n}`].success)),
  );
  const most = Math.max(...clients.map((n) => found[`${shared} 0.5 ${n}`].amplification));
  const points = (way) => clients.map((n) => [n, found[`${way} 0.05 ${n}`].success * 100]);
  return {
    title: "Retries, and when they stop",
    before: [
      "Brooker's other simulator: 100 requests a second over so many clients, tried up to three times unless a breaker",
      "sees over 10 % fail. A breaker in each client, as published, sees too little: with many clients one early failure",
      "is a rate of 100 %, and retries that would have helped are not made. The fleet's circuit is around the request",
      "with its tries: when five hosts have a request that failed for good, nobody tries again.",
    ],
    columns: ["", "of calls fail", ...clients.map((n) => `${n} clients`)],
    rows: [own, shared].flatMap((way) =>
      [0.01, 0.05, 0.5].map((failing) => [
        way,
        `${failing * 100} %`,
        ...clients.map((n) => {
          const { success, amplification } = found[`${way} ${failing} ${n}`];
          return failing < 0.5 ? `${(success * 100).toFixed(2)} %` : `${amplification.toFixed(2)} calls`;
        }),
      ]),
    ),
    checks: [
      {
        what: "retries: requests that succeed while 1 or 5 % of calls fail, whatever the number of clients",
        aim: "≥ 99.85 %",
        found: `${(least * 100).toFixed(2)} %`,
        met: least >= 0.9985,
      },
      {
        what: "retries: calls for each request while half of them fail",
        aim: "≤ 1.10",
        found: most.toFixed(3),
        met: most <= 1.1,
      },
      {
        what: "retries: requests that succeed with a breaker in each of 1 000 clients, while 5 % of calls fail",
        aim: quick ? "≤ 96.9 %" : "95.9 % as published, give or take one",
        found: `${(found[`${own} 0.05 1000`].success * 100).toFixed(2)} %`,
        met: quick
          ? found[`${own} 0.05 1000`].success < 0.969
          : Math.abs(found[`${own} 0.05 1000`].success - 0.959) < 0.01,
      },
    ],
    plots: [
      {
        file: "retries",
        alt: "Requests that succeed while one call in twenty fails, by the number of clients",
        svg: lines({
          title: "Requests that succeed while one call in twenty fails",
          x: {
            label: "clients, 100 requests a second in all",
            from: clients[0],
            to: 1_000,
            log: true,
            ticks: clients,
          },
          y: { label: "% of requests", from: 94, to: 100.5, ticks: [94, 95, 96, 97, 98, 99, 100] },
          series: [
            { name: "failfast, shared", points: points(shared) },
            { name: "a breaker in each client", points: points(own) },
          ],
          marks: [{ at: 95, name: "no retries at all" }],
        }),
      },
    ],
    after: [
      "At 1 and 5 %: the share of requests that succeed. At 50 %: calls made for each request; without a breaker 1.75.",
    ],
  };
}
