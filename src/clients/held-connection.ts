/** What is known about a connection, whatever wrapper asks it. */
export class HeldConnection {
  /** The error of a query that may still run. Nobody else should get this connection. */
  hanging: unknown;
  #transaction = false;
  #session = false;

  /** It was set to read-only itself, for its transaction or permanently. */
  get readOnly(): boolean {
    return this.#transaction || this.#session;
  }

  /** It is handed to a caller. */
  begin(): void {
    this.#transaction = false;
  }

  /** It is asked this statement. */
  note(statement: string): void {
    if (TRANSACTION.test(statement)) this.#transaction = true;
    else if (SESSION.test(statement)) this.#session = true;
    else if (END.test(statement)) this.#transaction = false;
  }
}

/** `BEGIN READ ONLY`, `SET TRANSACTION READ ONLY`. */
const TRANSACTION =
  /^\s*(begin|start\s+transaction|set\s+(local\s+|session\s+)?transaction)\b.*\bread\s+only\b/is;

/** `SET default_transaction_read_only = on`, `SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY`. */
const SESSION =
  /^\s*set\s+(session\s+)?(default_transaction_read_only\b|(session\s+)?characteristics\b.*\bread\s+only\b)/is;

/** But not `ROLLBACK TO` a savepoint. */
const END = /^\s*(commit|end|abort|rollback(?!\s+((work|transaction)\s+)?to\b))\b/i;

/** The text of a query, or the name of a method that has no text: `rollback`. */
export function statementOf(query: unknown, name: string): string {
  if (typeof query === "string") return query;
  const { text, sql } = (query ?? {}) as { text?: unknown; sql?: unknown };
  return String(text ?? sql ?? name);
}

const known = new WeakMap<object, HeldConnection>();

/** A promise connection of mysql2 is a new object each time, around the same connection. */
export function heldOf(given: { readonly connection?: object }): HeldConnection {
  const key = given.connection ?? given;
  const held = known.get(key) ?? new HeldConnection();
  known.set(key, held);
  return held;
}
