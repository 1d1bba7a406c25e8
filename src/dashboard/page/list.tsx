import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { count } from "./format.js";
import { begun } from "./live-state.js";
import { CircuitRow } from "./row.jsx";
import { current, places, rows, selected, tops } from "./view-state.js";

/** Rows above and below the screen that are drawn as well. */
const MARGIN = 6;
const HEAD = ["State", "Circuit", "Time left", "Last five minutes", "Traffic", "p99", "Processes"];
/** All rows that are wanted, of which those on the screen are in the document. */
export function List(): JSX.Element {
  const body = useRef<HTMLDivElement>(null);
  const [span, setSpan] = useState({ from: 0, to: 40 });
  const all = rows.value;
  const ends = tops.value;
  const look = (): void => {
    const at = body.current?.getBoundingClientRect().top ?? 0;
    const from = Math.max(0, indexAt(ends, -at) - MARGIN);
    const to = Math.min(all.length, indexAt(ends, -at + innerHeight) + MARGIN);
    setSpan((before) => (before.from === from && before.to === to ? before : { from, to }));
  };
  useLayoutEffect(look);
  useEffect(() => {
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  });
  const isThere = current.value !== undefined && places.value.has(current.value);
  const reached = isThere ? current.value : places.value.keys().next().value;
  return (
    <div
      class="list"
      role="table"
      aria-label="Circuits"
      aria-rowcount={all.length + 1}
      onKeyDown={(event) => move(event, body.current)}
    >
      <div role="row" class="head" aria-rowindex={1}>
        {HEAD.map((title) => (
          <span role="columnheader" key={title}>
            {title}
          </span>
        ))}
      </div>
      <div role="rowgroup" class="body" ref={body} style={{ height: `${ends.at(-1) ?? 0}px` }}>
        {all.slice(span.from, span.to).map((row, at) => (
          <div
            role="row"
            key={row.key}
            class={row.kind === "group" ? "group" : "circuit"}
            aria-rowindex={span.from + at + 2}
            style={{ top: `${ends[span.from + at] ?? 0}px` }}
          >
            {row.kind === "group" ? (
              <span role="cell">
                {row.title} <span class="dim">{count(row.count)}</span>
              </span>
            ) : (
              <CircuitRow circuit={row.circuit} isCurrent={row.circuit.name === reached} />
            )}
          </div>
        ))}
      </div>
      {all.length === 0 ? (
        <div role="row" class="empty">
          <span role="cell">{begun.value ? "No circuit matches." : "Loading…"}</span>
        </div>
      ) : null}
    </div>
  );
}

/** The last row that begins at or before there. */
function indexAt(tops: Float64Array, y: number): number {
  let [low, high] = [0, tops.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

const STEPS_OF_KEYS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  j: 1,
  ArrowUp: -1,
  k: -1,
  PageDown: 10,
  PageUp: -10,
  Home: -Infinity,
  End: Infinity,
};

/** The keys go from row to row, also to those that are not in the document yet. */
function move(event: KeyboardEvent, body: HTMLElement | null): void {
  const step = STEPS_OF_KEYS[event.key];
  if (step === undefined || event.metaKey || event.ctrlKey || event.altKey) return;
  const names = [...places.value.keys()];
  const here = current.value === undefined ? -1 : names.indexOf(current.value);
  const next = names[Math.max(0, Math.min(names.length - 1, here + step))];
  if (next === undefined) return;
  event.preventDefault();
  current.value = next;
  const y = (body?.getBoundingClientRect().top ?? 0) + (tops.value[places.value.get(next) ?? 0] ?? 0);
  if (y < 150 || y > innerHeight - 80) scrollBy({ top: y - innerHeight / 2 });
  focusOn(next);
}

/** Once the row is in the document. */
function focusOn(name: string | undefined, tries = 10): void {
  const found = [...document.querySelectorAll<HTMLElement>("button.name")].find(
    ({ dataset }) => dataset["name"] === name,
  );
  found?.focus({ preventScroll: true });
  // Not in the document yet, or behind a dialog that is only about to close.
  if (name !== undefined && document.activeElement !== found && tries > 0)
    requestAnimationFrame(() => focusOn(name, tries - 1));
}

/** Back to where the details were opened from. */
export function closeDetails(): void {
  const name = selected.peek();
  selected.value = undefined;
  focusOn(name);
}
