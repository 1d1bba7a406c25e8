import { COLLAPSE, collapse } from "../collapse.mjs";
import { lines } from "../plot.mjs";
import { RETRIES, retries } from "../retries.mjs";
import { mean } from "./words.mjs";

/** The means over the runs, by second. */
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
    title: "An overload that does not end by itself",
    before: [
      "This repeats a simulation that Marc Brooker published. The latency of a server is 1 s, plus 0.01 s for each request it is",
      "working on. Callers give up after 3 s, and try up to three times without a pause. 40 requests arrive each second, and 80 for five",
      "seconds. Without a breaker, the retries keep the server overloaded after those five seconds. Here 100 processes call it; the figures",
      "are means of 10 runs. failfast opens by the votes of five hosts (`quorum: 5`, open for 5 s); separate breakers open after five",
      "failures in 10 s.",
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
        what: "overload: successes a second from 40 s on, of the requests that arrive",
        aim: "≥ 39.5 of 40",
        found: `${shared.after.toFixed(2)} of ${shared.arrived.toFixed(2)}`,
        met: shared.after >= (39.5 / 40) * shared.arrived,
      },
      {
        what: "overload: trips in a run",
        aim: "≤ 1.5",
        found: shared.trips.toFixed(2),
        met: shared.trips <= 1.5,
      },
      {
        what: "overload: calls to the server a second from 25 to 40 s",
        aim: "≤ 26",
        found: shared.asked.toFixed(2),
        met: shared.asked <= 26,
      },
      {
        what: "overload: successes a second without a breaker",
        aim: "at most three quarters of the requests that arrive: the published collapse",
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
            { name: "100 separate breakers", points: own.served.map((value, at) => [at, value]) },
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
    title: "When to stop retrying",
    before: [
      "This repeats another simulation of Brooker's. The clients together send 100 requests a second. A client tries each request up to",
      "three times, unless its breaker sees that more than 10 % of the calls fail. In the published version each client has its own breaker, and sees",
      "too few calls: with many clients, one early failure is a rate of 100 %, and stops retries that would have helped.",
      "failfast shares one circuit, around the request with all its tries: when a request has failed finally on five hosts, nobody retries.",
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
      "At 1 and 5 %: the share of requests that succeed. At 50 %: calls made for each request (1.75 without a breaker).",
    ],
  };
}
