import { builtin, warn } from "../runtime/platform.js";
import type { FailfastEventName, FailfastEvents, FailfastListener, Subscription } from "./event-types.js";

const NAMES: readonly FailfastEventName[] = [
  "open",
  "half-open",
  "close",
  "hold",
  "release",
  "reject",
  "failure",
  "success",
  "store-down",
  "store-up",
];

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
  /** Node's own list of subscribers. */
  readonly _subscribers?: unknown;
}

const silent: Channel = { hasSubscribers: false, publish: () => undefined };
const diagnostics = builtin<{ channel(name: string): Channel }>("node:diagnostics_channel");
const channels = Object.fromEntries(
  NAMES.map((name) => [name, diagnostics?.channel(`failfast:${name}`) ?? silent]),
) as Record<FailfastEventName, Channel>;

/** Of the hot path: a channel at hand costs less than one by name. */
export const successChannel: Channel = channels.success;
export const failureChannel: Channel = channels.failure;
export const rejectChannel: Channel = channels.reject;

type Listener = (event: never, channel?: string) => unknown;
type Emitted<E extends FailfastEventName> = Omit<FailfastEvents[E], "store"> & { readonly type: E };

interface Listeners {
  readonly all: Set<Listener>;
  readonly byCircuit: Map<string, Set<Listener>>;
}

/** What the events of all stores of one `failfast` share. */
interface Hub {
  readonly listeners: Map<FailfastEventName, Listeners>;
  readonly onChange: () => void;
  /** Events to deliver after the current one. */
  readonly queue: { readonly type: FailfastEventName; readonly circuit?: string }[];
  delivering: boolean;
}

/** Listeners that cause the events they listen to are stopped after this many. */
const MOST_AT_ONCE = 1_000;

/** Who listens to what, for one `failfast` and its circuits. */
export class Events {
  readonly #hub: Hub;
  readonly #store: object;
  /** Those of the hub. Not `#`: every rejection and failure would pay for reading it. */
  private readonly listeners: Hub["listeners"];

  /** `onChange` is called whenever somebody starts or stops listening to `success`. */
  constructor(onChange: () => void, hub?: Hub, store: object = {}) {
    this.#hub = hub ?? { listeners: new Map(), onChange, queue: [], delivering: false };
    this.#store = store;
    this.listeners = this.#hub.listeners;
  }

  /** The same listeners, for events of that store. */
  in(store: object): Events {
    return new Events(this.#hub.onChange, this.#hub, store);
  }

  /** Whether anybody listens, so that the event has to be made. `channel`: its own, if the caller has it at hand. */
  observed(name: FailfastEventName, channel: Channel = channels[name]): boolean {
    const { listeners } = this;
    return (listeners.size !== 0 && listeners.has(name)) || channel.hasSubscribers;
  }

  get successesObserved(): boolean {
    return this.observed("success", successChannel);
  }

  /** Listens to one circuit's events, or to all. `filter` selects among them. */
  on<E extends FailfastEventName>(
    name: E,
    listener: FailfastListener<E>,
    of?: string,
    filter?: (event: FailfastEvents[E]) => boolean,
  ): Subscription {
    if (!NAMES.includes(name))
      throw new RangeError(`there is no event "${String(name)}": it takes ${NAMES.join(", ")}`);
    if (typeof listener !== "function")
      throw new TypeError(`the listener of "${name}" is ${typeof listener}, not a function`);
    const hub = this.#hub;
    // A new wrapper each time, so that one function can have two subscriptions.
    const own: Listener = (event) => (filter === undefined || filter(event) ? listener(event) : undefined);
    // A store's health belongs to no single circuit.
    const circuit = name.startsWith("store-") ? undefined : of;
    const listeners = hub.listeners.get(name) ?? { all: new Set(), byCircuit: new Map() };
    hub.listeners.set(name, listeners);
    const set = circuit === undefined ? listeners.all : (listeners.byCircuit.get(circuit) ?? new Set());
    if (circuit !== undefined) listeners.byCircuit.set(circuit, set);
    set.add(own);
    if (name === "success") hub.onChange();
    const dispose = (): void => {
      if (!set.delete(own)) return;
      if (circuit !== undefined && set.size === 0) listeners.byCircuit.delete(circuit);
      if (listeners.all.size + listeners.byCircuit.size === 0) hub.listeners.delete(name);
      if (name === "success") hub.onChange();
    };
    return { dispose, [Symbol.dispose]: dispose };
  }

  /**
   * Calls every listener. Events that a listener causes are delivered after the current one, so that every listener
   * sees events in the order in which they happened.
   *
   * @param shadow the event is of a circuit in `mode: "shadow"`.
   */
  emit<E extends FailfastEventName>(event: Emitted<E>, shadow = false): void {
    if (shadow) Object.assign(event, { shadow });
    Object.defineProperty(event, "store", { value: this.#store });
    const hub = this.#hub;
    hub.queue.push(event);
    if (hub.delivering) return;
    hub.delivering = true;
    let delivered = 0;
    for (let next = hub.queue.shift(); next !== undefined; next = hub.queue.shift()) {
      deliver(next, hub.listeners.get(next.type));
      if (++delivered < MOST_AT_ONCE) continue;
      hub.queue.length = 0;
      complain(`listeners of "${next.type}" cause the events they listen to; the rest was dropped`);
    }
    hub.delivering = false;
  }
}

function deliver(event: Hub["queue"][number], listeners: Listeners | undefined): void {
  if (listeners !== undefined) {
    const own = event.circuit === undefined ? undefined : listeners.byCircuit.get(event.circuit);
    for (const listener of [...listeners.all, ...(own ?? [])]) tell(listener, event);
  }
  const channel = channels[event.type];
  if (channel.hasSubscribers) publish(channel, event);
}

/**
 * If a subscriber throws, Node throws its error again one tick later, which ends the process. So each is called from
 * here.
 */
function publish(channel: Channel, event: Hub["queue"][number]): void {
  const { _subscribers: subscribers } = channel;
  if (!Array.isArray(subscribers)) tell((message) => channel.publish(message), event);
  else for (const subscriber of [...subscribers] as Listener[]) tell(subscriber, event);
}

/** If a listener throws, or its promise rejects, nothing breaks: one warning reports it. */
function tell(listener: Listener, event: Hub["queue"][number]): void {
  try {
    const answer = listener(event as never, `failfast:${event.type}`);
    if (Object.prototype.toString.call(answer) === "[object Promise]")
      (answer as Promise<unknown>).then(undefined, complain);
  } catch (error) {
    complain(error);
  }
}

let warned = false;

function complain(error: unknown): void {
  if (warned) return;
  warned = true;
  warn("FAILFAST_LISTENER", `a listener of failfast's events failed: ${describe(error)}`);
}

/** Any value may have been thrown, even one that throws when it is converted to a string. */
function describe(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "what it threw can't be shown";
  }
}
