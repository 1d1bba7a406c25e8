import type { Awaitable, StoreEntry, StoreListing } from "../../options/store.js";
import { type AtOnce, type Backing, mapStore, type Ways } from "./map-store.fixture.js";

/** A store in a map whose lists have cursors. */
export interface CursorStore extends Omit<AtOnce, "list"> {
  list(prefix: string, since?: string): Awaitable<StoreListing>;
}

/** Everything about cursors that can be wrong by itself. */
export interface CursorWays extends Ways {
  /** The number of the write after which a list with this cursor begins; `undefined`: with all of them. */
  from(cursor: string, last: number): number | undefined;
  cursor(last: number): string;
}

export const rightCursors: Pick<CursorWays, "from" | "cursor"> = {
  from: (cursor, last) => {
    const number = /^write ([1-9]\d*|0)$/.exec(cursor)?.[1];
    return number !== undefined && Number(number) <= last ? Number(number) : undefined;
  },
  cursor: (last) => `write ${last}`,
};

export function cursorStore(backing: Backing, ways: Partial<CursorWays> = {}): CursorStore {
  const store = mapStore(backing, ways);
  const { from, cursor } = { ...rightCursors, ...ways };
  return {
    ...store,
    list(prefix, since) {
      const after = since === undefined ? undefined : from(since, backing.writes);
      const changed = ({ key }: StoreEntry): boolean => (backing.held.get(key)?.write ?? 0) > (after ?? -1);
      return {
        entries: store.list(prefix).filter(changed),
        cursor: cursor(backing.writes),
        ...(since !== undefined && after === undefined ? { complete: true } : {}),
      };
    },
  };
}
