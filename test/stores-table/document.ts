import type { Subject } from "./subjects.js";

/** The measurements of one store. */
export interface Row {
  readonly subject: Subject;
  readonly passed: number;
  readonly failed: number;
  readonly clock: boolean;
  readonly atOnce: boolean;
  /** Sorted, in ms; empty if there is no other process. */
  readonly took?: readonly number[];
  readonly kept: boolean;
  readonly idle: number;
  readonly loaded: number;
  readonly calls: number;
}

interface Run {
  readonly seconds: number;
  readonly cpus: number;
  readonly node: string;
  /** The load average during the run. */
  readonly load: number;
}

const yes = (holds: boolean): string => (holds ? "yes" : "–");
const ms = (value = Number.NaN): string => (value < 100 ? value.toFixed(1) : value.toFixed(0));
const at = (sorted: readonly number[], share: number): number | undefined =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** The page as it is committed. */
export function document(rows: readonly Row[], { seconds, cpus, node, load }: Run): string {
  const table = rows.map(({ subject, passed, failed, clock, atOnce, took, kept, idle, loaded }) => [
    `\`${subject.store}\``,
    yes(subject.verbs.includes("swap")),
    yes(subject.verbs.includes("list")),
    yes(subject.verbs.includes("watch")),
    yes(clock),
    yes(atOnce),
    subject.ttlResolutionMs === 1_000 ? "1 s" : "1 ms",
    yes(kept),
    `${passed} of ${passed + failed + (subject.except?.length ?? 0)}`,
    took ? `${ms(at(took, 0.5))} ms, ${ms(at(took, 0.99))} ms` : "–",
    `${idle}`,
    `${loaded}`,
    subject.on,
  ]);
  const head = [
    ...["store", "swap", "list", "push", "its clock", "at once", "expiry", "kept", "contract"],
    ...["a trip reaches another process: p50, p99", "idle", "under load", "on"],
  ];
  const lines = [head, head.map(() => "---"), ...table].map((cells) => `| ${cells.join(" | ")} |`);
  const [most] = rows.map(({ calls }) => calls).sort((a, b) => a - b);
  return `# The stores, measured

Made by \`npm run stores:table\`, which runs the contract (\`storeContract\`) on every store against its real server, and
measures; nobody writes in it. Node ${node}, ${cpus} cores, all servers on the same host, at a load average of
${load.toFixed(0)}: with more than the cores can do, times are longer than they would be.

${lines.join("\n")}

\`denoKvStore\` and \`durableObjectStore\` run in Deno and in Cloudflare's workers. They pass the contract there and are not measured.

- **swap**: writes are atomic. Where it is missing, a few more probes than one, and no \`quorum\`.
- **list**: one read for all circuits. Where it is missing, each circuit in use is read by itself.
- **push**: changes are told at once. Where it is missing they are found by polling, once in 0.8 to 1.2 s.
- **its clock**: deadlines are in the store's clock. Where it is missing, in those of the processes.
- **at once**: answers without a promise, so that a sync call can probe at once.
- **expiry**: how exactly a record's time to live is kept.
- **kept**: what was stored is there after the server was killed and started again; for files and SQLite, when they are
  opened again.
- **contract**: the cases that it passed, of those for its verbs.
- **a trip reaches another process**: from the operator's call here to the event in a second process, of 60 trips.
- **idle**, **under load**: what one process with one closed circuit asked of its store in a minute, without calls, and
  with at least ${most} calls in ${seconds} s. Verbs are counted: what a driver sends besides, to see that a
  connection lives, is on its own page.
`;
}
