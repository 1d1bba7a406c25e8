// The plot of latency while a backend hangs, from what the demo records:
//   node examples/demo/demo.mjs --record outage.json && node bench/outage.mjs outage.json docs/performance/outage.svg
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { lines } from "./fleet/plot.mjs";
import { quantile } from "./table.mjs";

const BUCKET_MS = 250;
/** Requests sent that late were not all answered when the recording ended. */
const UNANSWERED_MS = 1_000;
const [from, to] = process.argv.slice(2);
const recorded = JSON.parse(readFileSync(from, "utf8"));

/** The p99 of the requests sent in each quarter of a second, at its middle. */
function p99(answers) {
  const buckets = new Map();
  const end = Math.max(...answers.map(({ at }) => at)) - UNANSWERED_MS;
  for (const { at, ms } of answers) {
    if (at > end) continue;
    const bucket = Math.floor(at / BUCKET_MS);
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), ms]);
  }
  return [...buckets]
    .sort(([a], [b]) => a - b)
    .map(([bucket, took]) => [((bucket + 0.5) * BUCKET_MS) / 1_000, quantile(took, 0.99)]);
}

const series = [
  { name: "with failfast", points: p99(recorded.with) },
  { name: "without", points: p99(recorded.without) },
];
const until = Math.ceil(Math.max(...series.flatMap(({ points }) => points.map(([x]) => x))));
mkdirSync(dirname(to), { recursive: true });
writeFileSync(
  to,
  lines({
    title: "Latency of four workers while their backend hangs, p99",
    x: { from: 0, to: until, label: "seconds since the backend began to hang" },
    y: { from: 0.1, to: 2_000, log: true, label: "ms of a request" },
    series,
    dots: false,
  }),
);
