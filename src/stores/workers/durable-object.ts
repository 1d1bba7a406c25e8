import { migration, type Statements, type TableRecords, tableRecords } from "../sqlite/records.js";
import { PING, PONG } from "./requests.js";

/** The part of its state that the object uses. */
export interface FailfastObjectState {
  readonly storage: {
    readonly sql: {
      exec(
        query: string,
        ...values: (string | number)[]
      ): { raw(): Iterable<unknown[]>; readonly rowsWritten: number };
    };
    getAlarm(): Promise<number | null>;
    setAlarm(moment: number): Promise<void>;
  };
  acceptWebSocket(socket: never): void;
  getWebSockets(): readonly { send(text: string): void }[];
  setWebSocketAutoResponse(pair: never): void;
}

/** The part of a request that the object uses. */
interface ObjectRequest {
  readonly headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}

/** A method of the store, and its arguments. */
type Question =
  | readonly ["get" | "delete", key: string]
  | readonly ["list", start: string, since: string | null]
  | readonly ["set", key: string, value: string, ttlMs: number]
  | readonly ["swap", key: string, expect: string | null, value: string, ttlMs: number];

const { WebSocketPair, WebSocketRequestResponsePair, Response } = globalThis as unknown as {
  WebSocketPair: new () => readonly [client: object, server: never];
  WebSocketRequestResponsePair: new (request: string, response: string) => never;
  Response: new (body: string | null, init?: object) => object;
};

const TABLE = "failfast";
/** Between two sweeps, in ms. */
const SWEEP_AFTER = 1_000;

/**
 * The Durable Object that keeps the circuits of a fleet. Export it from your worker, bind it, and pass the binding to
 * `durableObjectStore`. It accepts only the store's requests.
 *
 * Records are in its SQLite database, so bind it by `new_sqlite_classes`. Its alarm deletes expired records, and is not
 * set while nothing is stored. Watchers are connected by WebSockets that hibernate: in between the object costs
 * nothing.
 */
export class FailfastDurableObject {
  /** The mark by which the types of Workers recognise a class of Durable Objects. */
  declare readonly __DURABLE_OBJECT_BRAND: never;
  readonly #state: FailfastObjectState;
  readonly #statements: Statements;
  readonly #records: TableRecords;
  #alarmIsSet = false;

  constructor(state: FailfastObjectState) {
    const { sql } = state.storage;
    const rows: Statements["rows"] = (query, ...values) => [...sql.exec(query, ...values).raw()];
    this.#state = state;
    this.#statements = {
      change: (query, ...values) => sql.exec(query, ...values).rowsWritten,
      row: (query, ...values) => rows(query, ...values)[0] ?? [],
      rows,
    };
    for (const statement of migration(TABLE)) sql.exec(statement);
    this.#records = tableRecords(this.#statements, TABLE, "", () => {});
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
  }

  async fetch(request: ObjectRequest): Promise<object> {
    if (request.headers.get("Upgrade") === "websocket") {
      const [client, server] = Object.values(new WebSocketPair()) as [object, never];
      this.#state.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client } as object);
    }
    const answer = await this.#answer((await request.json()) as Question);
    return new Response(JSON.stringify({ answer }));
  }

  /** Deletes expired records, and sets the alarm for the next one. */
  async alarm(): Promise<void> {
    this.#alarmIsSet = false;
    const now = Date.now();
    this.#statements.change(`DELETE FROM ${TABLE} WHERE expires_at <= ?`, now);
    const [next] = this.#statements.row(`SELECT min(expires_at) FROM ${TABLE}`);
    if (typeof next === "number") await this.#sweepBy(Math.max(next, now + SWEEP_AFTER));
  }

  /** With older compatibility dates this side has to close as well. */
  webSocketClose(socket: { close(): void }): void {
    try {
      socket.close();
    } catch {
      // It is already closed.
    }
  }

  async #answer(question: Question): Promise<unknown> {
    const [verb, key] = question;
    switch (verb) {
      case "get":
        return this.#records.get(key);
      case "list": {
        const { entries, ...listing } = this.#records.list(key, question[2] ?? undefined);
        return { ...listing, entries: [...entries] };
      }
      case "delete":
        this.#records.delete(key);
        return null;
      case "set": {
        const [, , value, ttlMs] = question;
        this.#records.set(key, value, ttlMs);
        await this.#written(key, value, ttlMs);
        return null;
      }
      case "swap": {
        const [, , expect, value, ttlMs] = question;
        const result = this.#records.swap(key, expect, value, ttlMs);
        if (result.ok) await this.#written(key, value, ttlMs);
        return result;
      }
      default:
        throw new TypeError(`FailfastDurableObject takes no "${String(verb)}": is it of an older version?`);
    }
  }

  async #written(key: string, value: string, ttlMs: number): Promise<void> {
    const now = Date.now();
    const change = JSON.stringify([key, value, now]);
    for (const socket of this.#state.getWebSockets()) {
      try {
        socket.send(change);
      } catch {
        // It is being closed.
      }
    }
    try {
      await this.#sweepBy(now + ttlMs);
    } catch {
      // The record is written all the same, and the next write sets the alarm.
    }
  }

  /** One alarm is enough: it sets the next. */
  async #sweepBy(moment: number): Promise<void> {
    if (this.#alarmIsSet) return;
    this.#alarmIsSet = true;
    const { storage } = this.#state;
    try {
      if ((await storage.getAlarm()) === null) await storage.setAlarm(moment);
    } catch (error) {
      this.#alarmIsSet = false;
      throw error;
    }
  }
}
