import type { Fleet } from "../fleet/fleet.js";
import type { AuditEntry } from "../report/audit.js";
import type { Clock } from "../runtime/clock.js";
import { VERSION } from "../runtime/version.js";
import { Actions, type Authorize } from "./act.js";
import { answer, json, refuse } from "./answers.js";
import { pageAnswer } from "./document.js";
import { LiveFeed } from "./live.js";
import type { Hello } from "./messages.js";
import { isOwnSite } from "./same-origin.js";

const AUDITED = 200;
/** The audit trail is read from the store at most this often, however many people look. */
const AUDIT_EVERY_MS = 1_000;

export interface HandlerSettings {
  readonly fleet: Fleet;
  readonly clock: Clock;
  /** Without a slash at its end; `""` for the root. */
  readonly base: string;
  readonly origins: readonly string[];
  readonly authorize: Authorize | undefined;
}

const tooMany = (): Response => refuse(503, "too many viewers", { "Retry-After": "10" });

/** Answers the page's requests, for one fleet. */
export class Handler {
  readonly #settings: HandlerSettings;
  readonly #feed: LiveFeed;
  readonly #actions: Actions;
  #audit: { readonly at: number; readonly entries: Promise<readonly AuditEntry[]> } | undefined;

  constructor(settings: HandlerSettings) {
    const { fleet, clock, authorize, origins } = settings;
    this.#settings = settings;
    this.#feed = new LiveFeed(fleet, clock);
    this.#actions = new Actions(fleet, clock, authorize, origins);
  }

  async answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const { base } = this.#settings;
    if (pathname !== base && !pathname.startsWith(`${base}/`)) return refuse(404, "not here");
    const place = pathname.slice(base.length);
    const { method, headers } = request;
    if (place === "/act")
      return method === "POST" ? this.#actions.answer(request) : refuse(405, "POST it", { Allow: "POST" });
    if (!["", "/", "/hello", "/live", "/audit"].includes(place)) return refuse(404, "not here");
    if (method !== "GET" && method !== "HEAD") return refuse(405, "GET it", { Allow: "GET, HEAD" });
    if (place === "" || place === "/") return pageAnswer();
    if (!isOwnSite(headers)) return refuse(403, "another site may not ask for this");
    if (place === "/hello") return json(200, await this.#hello(request));
    return place === "/live" ? this.#live(request) : this.#auditAnswer();
  }

  close(): void {
    this.#feed.close();
  }

  async #live(request: Request): Promise<Response> {
    if (this.#feed.full) return tooMany();
    const { searchParams } = new URL(request.url);
    const lastId = request.headers.get("last-event-id") ?? searchParams.get("last");
    await this.#settings.fleet.ready();
    const hello = await this.#hello(request);
    if (this.#feed.full) return tooMany();
    const stream = request.method === "HEAD" ? null : this.#feed.open(lastId, hello);
    return answer(200, "text/event-stream", stream, { "X-Accel-Buffering": "no" });
  }

  async #hello(request: Request): Promise<Hello> {
    return { may: (await this.#actions.who(request)) !== undefined, version: VERSION };
  }

  async #auditAnswer(): Promise<Response> {
    const { fleet, clock } = this.#settings;
    const now = clock.now();
    if (this.#audit === undefined || now - this.#audit.at >= AUDIT_EVERY_MS)
      this.#audit = { at: now, entries: fleet.events(AUDITED) };
    try {
      return json(200, { entries: await this.#audit.entries });
    } catch {
      return refuse(502, "the store does not answer");
    }
  }
}
