import type { OperatorResult } from "../breaker/operator.js";
import { isCut } from "../fleet/cut-name.js";
import type { Fleet } from "../fleet/fleet.js";
import type { Clock } from "../runtime/clock.js";
import { readAction } from "./action.js";
import { json, refuse } from "./answers.js";
import { ACTION_HEADER, type Action } from "./messages.js";
import { RateLimit } from "./rate-limit.js";
import { madeByThePage } from "./same-origin.js";

/** How many actions a person may do at once, and how soon one more, in ms. People without a name share one limit. */
const BURST = 10;
const EVERY_MS = 2_000;
/** At most this many people are distinguished, the newest ones. */
const MOST_PEOPLE = 1_000;

/** Whether a viewer may act: no, yes, or yes with a name. */
export type Authorize = (
  request: Request,
) => boolean | string | undefined | Promise<boolean | string | undefined>;

/** Answers the requests that change something. */
export class Actions {
  readonly #fleet: Fleet;
  readonly #authorize: Authorize | undefined;
  readonly #origins: readonly string[];
  readonly #clock: Clock;
  readonly #limits = new Map<string, RateLimit>();

  constructor(fleet: Fleet, clock: Clock, authorize: Authorize | undefined, origins: readonly string[]) {
    this.#fleet = fleet;
    this.#authorize = authorize;
    this.#origins = origins;
    this.#clock = clock;
  }

  /** Who may act: a name, or `""` for somebody without one; `undefined` for a viewer who may only look. */
  async who(request: Request): Promise<string | undefined> {
    try {
      const answer = await this.#authorize?.(request);
      return typeof answer === "string" && answer !== "" ? answer : answer === true ? "" : undefined;
    } catch {
      return undefined;
    }
  }

  async answer(request: Request): Promise<Response> {
    if (this.#authorize === undefined) return refuse(403, "this page is read-only");
    const { headers } = request;
    if (!/^application\/json\b/i.test(headers.get("content-type") ?? ""))
      return refuse(415, "an action must be sent as application/json");
    if (headers.get(ACTION_HEADER) === null || !madeByThePage(request, this.#origins))
      return refuse(
        403,
        "an action must come from the page itself; behind a proxy, set `origin` to the page's address",
      );
    const who = await this.who(request);
    if (who === undefined) return refuse(403, "you may look, but not act");
    const seconds = this.#limitOf(who).take();
    if (seconds > 0)
      return refuse(429, `too many actions: wait ${seconds} s`, { "Retry-After": String(seconds) });
    const action = await readAction(request);
    if (typeof action === "string") return refuse(400, action);
    await this.#fleet.ready();
    const names = [...new Set([action.circuit, ...(action.others ?? [])])];
    const known = new Set(this.#fleet.view().circuits.map(({ name }) => name));
    if (names.some((name) => !known.has(name))) return refuse(404, "there is no circuit with that name");
    if (names.some(isCut))
      return refuse(
        409,
        "this name is shortened in the store, so the page can't act on it: use the command or the code",
      );
    try {
      const results = await this.#act(names, action, who === "" ? {} : { by: who });
      const missing = results.filter(({ stored }) => !stored).length;
      if (missing > 0 && names.length > 1)
        return json(200, { stored: false, error: `the store did not accept ${missing} of ${names.length}` });
      return json(200, results[0] ?? { stored: false });
    } catch {
      // A store's error may contain its address.
      return refuse(502, "the store did not accept it");
    }
  }

  #limitOf(who: string): RateLimit {
    const limit = this.#limits.get(who) ?? new RateLimit(this.#clock, BURST, EVERY_MS);
    this.#limits.delete(who);
    this.#limits.set(who, limit);
    const [oldest] = this.#limits.keys();
    if (this.#limits.size > MOST_PEOPLE && oldest !== undefined) this.#limits.delete(oldest);
    return limit;
  }

  #act(
    names: readonly string[],
    { verb, reason, holds, forMs }: Action,
    by: { by?: string },
  ): Promise<readonly OperatorResult[]> {
    const what = { reason, ...by };
    const time = forMs === undefined ? undefined : (`${forMs}ms` as const);
    return this.#fleet.forAll(names, (verbs, circuit) => {
      if (verb === "trip") return verbs.trip(circuit, time ? { ...what, for: time } : what);
      if (verb === "reset") return verbs.reset(circuit, what);
      if (verb === "release") return verbs.release(circuit, what);
      return verbs.hold(circuit, holds ?? "open", time ? { ...what, until: time } : what);
    });
  }
}
