import { shortenHost } from "../protocol/codec.js";
import type { Clock } from "../runtime/clock.js";
import { builtin, environment, platform, warn } from "../runtime/platform.js";
import { serviceName } from "../runtime/service.js";
import { tickingClock } from "../runtime/ticker.js";

/** A service's name is cut to this length, since everything in a record has a limit. */
const LONGEST_SERVICE = 64;

/**
 * How many sessions share one store object so far. With a given clock, all of them may draw the same random numbers.
 */
const sessions = new WeakMap<object, number>();

/** The name of this host: the given one, else `FAILFAST_HOST`, else the name of the machine. */
export function hostNameOf(given: string | undefined): string {
  return shortenHost(given ?? environment("FAILFAST_HOST") ?? ownHostName());
}

/**
 * The name under which this process writes: host, process id, a mark that no other process has, and the service, so
 * that two services in one store can be told apart. Worker threads share a process id, and containers often share a
 * host name and the process id 1.
 */
export function identityOf(host: string, store: object, clock: Clock): string {
  const service = serviceName()?.slice(0, LONGEST_SERVICE);
  const id = `${host}/${platform.process?.pid ?? 0}/${markOf(store, clock)}`;
  return service === undefined ? id : `${id}@${service}`;
}

/** Warns once when another service opens a circuit of this one: that service's outages reject calls here. */
export function watchForOtherServices(identity: string): (circuit: string, by: string) => void {
  const ours = serviceIn(identity);
  let warned = false;
  return (circuit, by) => {
    const theirs = serviceIn(by);
    if (warned || ours === undefined || theirs === undefined || ours === theirs) return;
    warned = true;
    warn(
      "FAILFAST_PREFIX",
      `the circuit ${JSON.stringify(circuit)} of the service "${ours}" was opened by another service, "${theirs}" (${by}): they share a store and a prefix, so the outages of one reject the calls of the other. Give each service a prefix of its own, as in redisStore(client, { prefix: "${ours}" }); or, where they are to share circuits, set FAILFAST_SERVICE to one name in both`,
    );
  };
}

const serviceIn = (identity: string): string | undefined => /\/\d+\/[a-z0-9]{6}@(.+)$/.exec(identity)?.[1];

/** Uses the clock's random numbers if a clock is given, so that a simulation can be repeated. */
function markOf(store: object, clock: Clock): string {
  const count = sessions.get(store) ?? 0;
  sessions.set(store, count + 1);
  const drawn = clock === tickingClock ? platform.crypto?.getRandomValues(new Uint32Array(1))[0] : undefined;
  const random = drawn === undefined ? clock.random() : drawn / 2 ** 32;
  return random.toString(36).slice(2, 7).padEnd(5, "0") + (count % 36).toString(36);
}

function ownHostName(): string {
  try {
    return builtin<{ hostname(): string }>("node:os")?.hostname() || "unknown";
  } catch {
    // Deno without --allow-sys.
    return "unknown";
  }
}
